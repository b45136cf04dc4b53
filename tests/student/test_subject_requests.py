"""What people ask about their own data (CO-01, D5, D6): within time, by who may ask, and to the last service."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lianxiao.student.v1.student_events_pb2 import (
    SubjectErasureDecided,
    SubjectExportAsked,
    SubjectPartErased,
    SubjectPartExported,
)
from services.student.actions import guardians, students, subject_archives, subject_requests, subjects
from services.student.actions.guardians import Contact
from services.student.models import Guardian, Student, SubjectPart, SubjectRequest
from services.student.rules import subject_requests as rules
from services.student.rules.subject_archives import Part, archive, page
from shared import subjects as engine
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from tests.student import factories


def requested(tx: Tx, child: Student, kind: str = rules.ACCESS, **told: object) -> SubjectRequest:
    """Take a request down and verify it."""
    row = SubjectRequest(**{"person_id": child.id, "kind": kind, "subject": rules.CHILD} | told)
    return subject_requests.verify(tx, subject_requests.create(tx, row, "请删除孩子的资料").id, "document")


def answered(tx: Tx, row: SubjectRequest, event: SubjectExportAsked | SubjectErasureDecided) -> None:
    """Let every service answer; student with what it holds, the others with nothing."""
    if isinstance(event, SubjectExportAsked):
        engine.answer_export(tx, "student", subjects.HOLDINGS, event)
        subject_requests.on_part(tx, factories.told(tx, SubjectPartExported)[-1])
    else:
        engine.answer_erasure(tx, "student", subjects.HOLDINGS, event)
        subject_requests.on_part(tx, factories.told(tx, SubjectPartErased)[-1])
    kind = SubjectPartExported if isinstance(event, SubjectExportAsked) else SubjectPartErased
    for service in row.services:
        if service != "student":
            assert row.state == rules.WORKING
            subject_requests.on_part(tx, kind(subject_request_id=str(row.id), service=service))


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1)))
def test_fifteen_working_days_are_three_weeks(day: date) -> None:
    due = rules.due_date(day)
    assert due.weekday() < 5
    counted = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert sum(each.weekday() < 5 for each in counted) == rules.WORKING_DAYS


def test_the_page_shows_markup_as_text_and_leaves_empty_columns_out() -> None:
    rows = {"student": [{"id": "1", "name": "<b>张</b>", "note": None}]}
    shown = page([Part("student", {"student": "学员档案"}, rows)])
    assert "&lt;b&gt;张&lt;/b&gt;" in shown
    assert "学员档案" in shown
    assert "记录" not in shown
    assert archive([Part("student", {}, rows)]) == archive([Part("student", {}, rows)])


def test_the_same_is_not_asked_twice_until_it_is_answered(tx: Tx) -> None:
    child = factories.student(tx)
    first = requested(tx, child)
    subject_requests.refuse(tx, first.id, "无法核实身份")
    assert SubjectRequest.answer.reveal(tx, first) == "无法核实身份"
    requested(tx, child)
    again = SubjectRequest(person_id=child.id, kind=rules.ACCESS, subject=rules.CHILD)
    with pytest.raises(AlreadyExists, match="asked already"):
        subject_requests.create(tx, again, "")


def test_steps_come_in_their_order(tx: Tx) -> None:
    child = factories.student(tx)
    row = SubjectRequest(person_id=child.id, kind=rules.CORRECTION, subject=rules.CHILD)
    row = subject_requests.create(tx, row, "生日有误")
    with pytest.raises(Refused) as error:
        subject_requests.grant(tx, row.id)
    assert error.value.reason == "SUBJECT_REQUEST_STATE_WRONG"
    subject_requests.grant(tx, subject_requests.verify(tx, row.id, "document").id)
    assert not factories.told(tx, SubjectExportAsked)
    assert subject_requests.complete(tx, row.id, "已更正为 5 月 3 日").state == rules.DONE
    with pytest.raises(Refused):
        subject_requests.refuse(tx, row.id, "太晚")


def test_only_a_guardian_who_may_see_the_file_asks_for_the_child(tx: Tx) -> None:
    child, other = factories.student(tx), factories.student(tx)
    blind = factories.guardian(tx, child, may_see=False)
    stranger = factories.guardian(tx, other, phone="13900000001")
    for who in (blind.id, stranger.id):
        with pytest.raises(InvalidInput) as error:
            requested(tx, child, guardian_id=who)
        assert error.value.reason == "GUARDIAN_UNKNOWN"
    with pytest.raises(InvalidInput):
        requested(tx, child, subject=rules.GUARDIAN)
    assert requested(tx, child, guardian_id=blind.id, subject=rules.GUARDIAN).state == rules.VERIFIED


def test_a_copy_shows_one_parent_nothing_of_the_other_and_ends(tx: Tx) -> None:
    child = factories.student(tx, name="欧阳小明")
    asking = guardians.add(tx, child.id, Contact("欧阳父", "13800000001"))[0]
    guardians.add(tx, child.id, Contact("端木母", "13800000002"))
    row = subject_requests.grant(tx, requested(tx, child, guardian_id=asking.id).id)
    [event] = factories.told(tx, SubjectExportAsked)
    answered(tx, row, event)
    assert row.state == rules.DONE
    path, expires = subject_archives.issue_link(tx, row.id)
    content = subject_archives.opened(tx, tx.institution_id, path.rsplit("/", 1)[1])
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        shown = zipped.read("个人信息副本.html").decode()
        data = json.loads(zipped.read("data/student.json"))
    assert "欧阳小明" in shown
    assert "欧阳父" in shown
    assert "端木母" not in shown
    assert "13800000002" not in shown
    assert [each["guardian_id"] for each in data["guardian_link"]] == [str(asking.id)]
    tx.now = expires
    subject_archives.expire(tx)
    tx.session.expire_all()
    assert all(part.content_sealed is None for part in subject_requests.parts_of(tx, row))
    with pytest.raises(InvalidInput):
        subject_archives.opened(tx, tx.institution_id, path.rsplit("/", 1)[1])
    with pytest.raises(Refused):
        subject_archives.issue_link(tx, row.id)


def test_who_is_forgotten_stays_as_a_row_without_a_name_and_a_sister_keeps_her_parents(tx: Tx) -> None:
    child, sister = factories.student(tx, name="欧阳小明"), factories.student(tx, name="欧阳小红")
    father = factories.guardian(tx, child, phone="13800000001")
    mother = factories.guardian(tx, child, phone="13800000002")
    guardians.link(tx, sister, mother, Contact(relation="mother"))
    row = requested(tx, child, rules.ERASURE)
    with pytest.raises(Refused) as error:
        subject_requests.grant(tx, row.id)
    assert error.value.reason == "STUDENT_STILL_SERVED"
    students.change_state(tx, child.id, to_state="lapsed", reason="move")
    row.state = rules.VERIFIED
    subject_requests.grant(tx, row.id)
    [event] = factories.told(tx, SubjectErasureDecided)
    assert list(event.guardian_ids) == [str(father.id)]
    answered(tx, row, event)
    assert row.state == rules.DONE
    tx.session.expire_all()
    gone = tx.load(Student, "student", child.id)
    assert Student.name.reveal(tx, gone) is None
    assert (gone.birth_year, gone.school, gone.state) == (0, "", "lapsed")
    assert Guardian.phone.reveal(tx, tx.load(Guardian, "guardian", father.id)) is None
    assert Guardian.phone.reveal(tx, tx.load(Guardian, "guardian", mother.id)) == "+8613800000002"
    assert Student.name.reveal(tx, tx.load(Student, "student", sister.id)) == "欧阳小红"
    [part] = [each for each in subject_requests.parts_of(tx, row) if each.service == "student"]
    assert {"table": "student", "title": "学员档案", "rows": 1, "erasure": "empty", "hold": ""} in part.tables


def test_what_a_backup_brought_back_is_forgotten_again_and_the_first_record_stays(tx: Tx) -> None:
    child, kept = factories.student(tx, name="欧阳小明"), factories.student(tx, name="欧阳小红")
    students.change_state(tx, child.id, to_state="lapsed", reason="move")
    row = subject_requests.grant(tx, requested(tx, child, rules.ERASURE).id)
    answered(tx, row, factories.told(tx, SubjectErasureDecided)[0])
    before = [(part.service, part.tables) for part in subject_requests.parts_of(tx, row)]
    tx.session.expire_all()
    back = tx.load(Student, "student", child.id)
    Student.name.seal(tx, back, "欧阳小明")
    tx.session.flush()
    assert subject_requests.repeat_erasures(tx) == 1
    engine.answer_erasure(tx, "student", subjects.HOLDINGS, factories.told(tx, SubjectErasureDecided)[-1])
    subject_requests.on_part(tx, factories.told(tx, SubjectPartErased)[-1])
    tx.session.expire_all()
    assert Student.name.reveal(tx, tx.load(Student, "student", child.id)) is None
    assert Student.name.reveal(tx, tx.load(Student, "student", kept.id)) == "欧阳小红"
    assert [(part.service, part.tables) for part in subject_requests.parts_of(tx, row)] == before


@pytest.fixture
def history(database: Database, caller: Caller) -> UUID:
    """Return the id of a committed student with a change of state on record."""
    with database.begin(caller) as tx:
        child = factories.student(tx)
        students.change_state(tx, child.id, to_state="lapsed", reason="move")
        return child.id


@pytest.mark.parametrize(
    ("table", "column"),
    [("student_state_entry", "to_state"), ("student", "owner_id"), ("audit_entry", "facts"), ("pg_class", "relname")],
)
def test_the_database_empties_nothing_but_personal_cells(
    database: Database, caller: Caller, history: UUID, table: str, column: str
) -> None:
    empty = f"select empty_cells('{table}', '{{{column}}}', 'id', array['{history}']::uuid[])"
    with pytest.raises(DBAPIError, match="may be emptied"), database.begin(caller) as tx:
        tx.execute(text(empty))


def test_a_history_is_emptied_by_the_function_alone_and_in_ones_own_institution(
    database: Database, caller: Caller, history: UUID
) -> None:
    entries = f"student_id = '{history}'"
    with pytest.raises(DBAPIError, match="permission denied"), database.begin(caller) as tx:
        tx.execute(text(f"update student_state_entry set reason = '' where {entries}"))  # noqa: S608 - an id
    empty = text(f"select empty_cells('student_state_entry', '{{reason}}', 'student_id', array['{history}']::uuid[])")
    with database.begin(Caller.system(uuid7())) as tx:
        assert tx.scalar(empty) == 0
    with database.begin(caller) as tx:
        assert tx.scalar(empty) >= 1
        kept = tx.execute(text(f"select to_state, reason from student_state_entry where {entries}")).all()  # noqa: S608 - as above
    assert ("lapsed", "") in [tuple(row) for row in kept]


def test_a_part_holds_its_rows_sealed(tx: Tx) -> None:
    child = factories.student(tx, name="欧阳小明")
    row = subject_requests.grant(tx, requested(tx, child).id)
    answered(tx, row, factories.told(tx, SubjectExportAsked)[0])
    [part] = [each for each in subject_requests.parts_of(tx, row) if each.service == "student"]
    assert part.content_sealed is not None
    assert "欧阳小明".encode() not in bytes(part.content_sealed)
    assert "欧阳小明" in (SubjectPart.content.reveal(tx, part) or "")
