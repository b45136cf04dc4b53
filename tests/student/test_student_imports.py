"""A file brings each student once: judged before, refused where the law says so, and taken up again after a crash."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import grpc
import pytest
from openpyxl import Workbook
from sqlalchemy import select

from lianxiao.student.v1 import student_import_pb2
from lianxiao.student.v1 import student_import_service_pb2 as pb
from lianxiao.student.v1.student_events_pb2 import ClassGroupPlaceImported, StudentEnrolled
from lianxiao.student.v1.student_import_service_pb2_grpc import StudentImportServiceStub
from services.student.actions import guardians, purposes, student_import_rows, student_imports, students
from services.student.models import Campus, Student, StudentImport, StudentImportRow
from services.student.server import SERVICERS
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError, Refused
from shared.ids import uuid7
from shared.testing.callers import staff
from shared.testing.wire import Wire, refusal, serving
from tests.student import factories, lessons

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
HEAD = ("学员姓名", "家长手机", "家长姓名", "出生日期", "性别", "班级", "报名日期", "监护人同意")
LI = ("李小雨", "13800138001", "李强", "2009-03-08", "女", "奥数一班", "2025-09-01", "")


def csv_of(*rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> bytes:
    return "\n".join(",".join(row) for row in (head, *rows)).encode("gb18030")


def place(tx: Tx) -> UUID:
    """Return a campus that is open, with the class group of the files."""
    row = Campus(id=uuid7(), name="朝阳校区", time_zone="Asia/Shanghai", active=True)
    tx.session.add(row)
    tx.session.flush()
    lessons.class_group(tx, row.id, members=[])
    return row.id


def taken(tx: Tx, campus_id: UUID, data: bytes, *, dry_run: bool = False, name: str = "名单.csv") -> StudentImport:
    """Take a file in from end to end."""
    row = student_imports.create(tx, file_name=name, data=data, campus_id=campus_id, dry_run=dry_run, mapping={})
    while student_import_rows.step(tx):
        pass
    return row


def rows_of(tx: Tx, row: StudentImport) -> list[tuple[int, str, str, str]]:
    query = select(StudentImportRow).where(StudentImportRow.import_id == row.id).order_by(StudentImportRow.line)
    return [(each.line, each.outcome, each.reason, each.field) for each in tx.session.scalars(query)]


def test_a_file_brings_students_guardians_and_places_once(database: Database, caller: Caller) -> None:
    sibling = ("李小雪", "13800138001", "李强", "2010-01-01", "女", "奥数二班", "", "")
    data = csv_of(LI, sibling, LI)
    with database.begin(caller, now=NOON) as tx:
        campus_id = place(tx)
        row = taken(tx, campus_id, data)
        assert (row.state, row.total, row.created, row.known, row.rejected) == ("done", 3, 2, 1, 0)
        assert rows_of(tx, row) == [
            (2, "created", "", ""),
            (3, "created", "CLASS_GROUP_UNKNOWN", "class_group"),
            (4, "known", "", ""),
        ]
        first, second = tx.session.scalars(select(Student).order_by(Student.id)).all()
        assert first.household_id == second.household_id
        assert first.enrol_time == datetime(2025, 8, 31, 16, tzinfo=UTC), "midnight in Shanghai"
        [(guardian, _)] = guardians.of_student(tx, second.id)
        assert guardian.id == guardians.of_student(tx, first.id)[0][0].id
        assert {each.student_id for each in factories.told(tx, ClassGroupPlaceImported)} == {str(first.id)}
        assert len(factories.told(tx, StudentEnrolled)) == 2
        assert row.content_sealed is None
    with database.begin(caller, now=NOON) as tx:
        again = taken(tx, campus_id, data)
        assert (again.created, again.known) == (0, 3)
        assert factories.told(tx, StudentEnrolled) == []


def test_a_dry_run_says_the_same_and_takes_nothing_in(database: Database, caller: Caller) -> None:
    bad = ("", "13800138002", "", "", "", "", "", "")
    wrong = ("王五", "123", "", "", "", "", "", "")
    late = ("赵六", "13800138003", "", "2026-13-01", "", "", "", "")
    early = ("孙七", "13800138004", "", "", "", "", "2030-01-01", "")
    data = csv_of(LI, LI, bad, wrong, late, early)
    with database.begin(caller, now=NOON) as tx:
        campus_id = place(tx)
        judged = taken(tx, campus_id, data, dry_run=True)
        assert tx.session.scalars(select(Student)).all() == []
        assert factories.told(tx, ClassGroupPlaceImported) == []
        said = rows_of(tx, judged)
        assert said[1:] == [
            (3, "known", "", ""),
            (4, "rejected", "NAME_MISSING", "child_name"),
            (5, "rejected", "PHONE_INVALID", "guardian_phone"),
            (6, "rejected", "DATE_INVALID", "birth_date"),
            (7, "rejected", "DATE_IMPLAUSIBLE", "enrol_date"),
        ]
        assert rows_of(tx, taken(tx, campus_id, data)) == said


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_child_under_fourteen_comes_with_a_guardians_consent_alone(
    database: Database, caller: Caller, *, dry_run: bool
) -> None:
    without = ("周小宝", "13800138005", "", "2018-05-01", "", "", "", "否")
    unknown = ("吴小妹", "13800138006", "", "", "", "", "", "")
    agreed = ("郑小弟", "13800138007", "", "2018-05-01", "", "", "", "1")
    with database.begin(caller, now=NOON) as tx:
        purposes.set_enabled(tx, "child_file", enabled=True)
        version = purposes.get(tx, "child_file").version
        row = taken(tx, place(tx), csv_of(without, unknown, (*agreed[:-1], version)), dry_run=dry_run)
        assert rows_of(tx, row)[0] == (2, "rejected", "GUARDIAN_CONSENT_NEEDED", "guardian_consent")
        assert rows_of(tx, row)[2] == (4, "created", "", "")


def test_a_batch_that_breaks_is_taken_again_whole(
    database: Database, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student_import_rows, "BATCH_ROWS", 2)
    data = csv_of(*((f"学员{number}", f"1380013810{number}", *LI[2:5], "", "", "") for number in range(5)))
    with database.begin(caller, now=NOON) as tx:
        campus_id = place(tx)
        key = student_imports.create(
            tx, file_name="a.csv", data=data, campus_id=campus_id, dry_run=False, mapping={}
        ).id
    for _ in range(2):
        with database.begin(caller, now=NOON) as tx:
            assert student_import_rows.step(tx)
    enrol = students.enrol

    def breaking(tx: Tx, *given: object, **named: object) -> Student:
        if tx.session.scalars(select(Student)).all()[2:]:
            raise RuntimeError("the power went out")
        return enrol(tx, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(students, "enrol", breaking)
    with pytest.raises(RuntimeError), database.begin(caller, now=NOON) as tx:
        student_import_rows.step(tx)
    monkeypatch.setattr(students, "enrol", enrol)
    with database.begin(caller, now=NOON) as tx:
        assert student_imports.get(tx, key).created == 2, "progress is what was committed"
    with database.begin(caller, now=NOON) as tx:
        while student_import_rows.step(tx):
            pass
        row = student_imports.get(tx, key)
        assert (row.state, row.created) == ("done", 5)
        with pytest.raises(Refused, match="over"):
            student_imports.cancel(tx, key)


def test_rows_go_only_where_the_sender_may_and_files_that_are_none_are_refused(
    database: Database, caller: Caller, institution: UUID
) -> None:
    with database.begin(caller, now=NOON) as tx:
        here = place(tx)
        there = Campus(id=uuid7(), name="海淀校区", time_zone="Asia/Shanghai", active=True)
        tx.session.add(there)
    only_here = staff(institution, ("*",), [here])
    scope = only_here.scope("student_import.create")
    assert scope is not None
    head = (*HEAD[:2], "校区")
    with database.begin(only_here, now=NOON, scope=scope) as tx:
        data = csv_of(("李小雨", "13800138001", "海淀校区"), ("王小虎", "13800138002", ""), head=head)
        key = student_imports.create(tx, file_name="a.csv", data=data, campus_id=here, dry_run=False, mapping={}).id
        for name, content, reason in (
            ("a.pdf", data, "FILE_KIND"),
            ("a.csv", b" ", "FILE_EMPTY"),
            ("a.xlsx", data, "FILE_DAMAGED"),
            ("a.csv", csv_of(LI, head=tuple("甲乙丙丁戊己庚辛")), "IMPORT_HEADERS_UNKNOWN"),
        ):
            with pytest.raises(DomainError) as wrong:
                student_imports.create(tx, file_name=name, data=content, campus_id=here, dry_run=False, mapping={})
            assert wrong.value.reason == reason
        with pytest.raises(DomainError):
            student_imports.create(tx, file_name="a.csv", data=data, campus_id=None, dry_run=False, mapping={})
    with database.begin(caller, now=NOON) as tx:
        while student_import_rows.step(tx):
            pass
        found = rows_of(tx, student_imports.get(tx, key))
        assert found == [(2, "rejected", "CAMPUS_UNKNOWN", "campus"), (3, "created", "", "")]


@pytest.fixture(scope="module")
def wire(database: Database) -> Iterator[Wire]:
    """Serve student for this module."""
    with serving("student", SERVICERS, database) as running:
        yield running


def test_imports_over_the_wire(wire: Wire, database: Database, institution: UUID) -> None:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (("在读学员花名册",), HEAD, LI, ("张三", "1", *LI[2:])):
        sheet.append(row)
    book.save(out)
    with database.begin(Caller.system(institution)) as tx:
        campus_id = place(tx)
    signed = Wire.metadata(staff(institution))
    stub = StudentImportServiceStub(wire.channel)
    sent = pb.CreateStudentImportRequest(campus_id=str(campus_id), file_name="名单.xlsx", data=out.getvalue())
    made = stub.CreateStudentImport(sent, metadata=signed).student_import
    with database.begin(Caller.system(institution)) as tx:
        while student_import_rows.step(tx):
            pass
    key = {"student_import_id": made.student_import_id}
    done = stub.GetStudentImport(pb.GetStudentImportRequest(**key), metadata=signed).student_import
    assert (done.state, done.total, done.rejected) == (student_import_pb2.STUDENT_IMPORT_STATE_DONE, 2, 1)
    [listed] = stub.ListStudentImports(pb.ListStudentImportsRequest(), metadata=signed).imports
    assert listed == done
    asked = pb.ListStudentImportRowsRequest(
        student_import_id=made.student_import_id, filter="outcome = STUDENT_IMPORT_OUTCOME_REJECTED"
    )
    [rejected] = stub.ListStudentImportRows(asked, metadata=signed).rows
    assert (rejected.reason, rejected.cell) == ("PHONE_INVALID", "B4")
    waiting = stub.CreateStudentImport(sent, metadata=signed).student_import
    cancelled = stub.CancelStudentImport(
        pb.CancelStudentImportRequest(student_import_id=waiting.student_import_id), metadata=signed
    ).student_import
    assert cancelled.state == student_import_pb2.STUDENT_IMPORT_STATE_CANCELLED
    with pytest.raises(grpc.RpcError) as caught:
        stub.GetStudentImport(
            pb.GetStudentImportRequest(**key), metadata=Wire.metadata(staff(institution, ("*",), [uuid7()]))
        )
    assert refusal(caught.value)[1] == "STUDENT_IMPORT_NOT_FOUND"
