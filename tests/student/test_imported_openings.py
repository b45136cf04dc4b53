"""Hours that files bring along reach billing once, whatever comes again, and an import can ask to be taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxiao.billing.v1.billing_events_pb2 import OpeningBalancesUndone
from lianxiao.student.v1.student_events_pb2 import (
    OpeningBalanceImported,
    StudentEnrolled,
    StudentHistoryImported,
    StudentImportUndoAsked,
)
from services.student.actions import imported_openings, student_import_rows, student_imports
from services.student.models import Course, StudentImport
from services.student.rules import opening_rows
from services.student.rules.opening_rows import Opening, Past
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import Refused
from shared.file_cells import Rejected
from shared.ids import uuid7
from tests.student import factories
from tests.student.test_student_imports import csv_of, place, rows_of, taken

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
HEAD = (
    *("学员姓名", "家长手机", "出生日期", "课程", "剩余课时", "剩余赠课"),
    *("剩余金额", "有效期", "签约日期", "已上课时", "累计缴费"),
)
LI = (
    *("李小雨", "13800138001", "2009-03-08", "数学 思维", "12.5", "2"),
    *("￥2500", "2027-06-30", "2025-03-01", "40", "8000元"),
)


def row(**changes: str) -> tuple[str, ...]:
    """Return a line of a file with other words in some columns."""
    return tuple(changes.get(head, cell) for head, cell in zip(HEAD, LI, strict=True))


def book(tx: Tx) -> tuple[UUID, UUID]:
    """Return an open campus and a course."""
    course = Course(id=uuid7(), name="数学思维", subject="math")
    tx.session.add(course)
    return place(tx), course.id


def answered(tx: Tx, made: StudentImport, *, undone: bool) -> None:
    """Let billing answer."""
    reason = "" if undone else "OPENING_BALANCE_USED"
    event = OpeningBalancesUndone(student_import_id=str(made.id), undone=undone, reason=reason)
    imported_openings.on_answer(tx, event)


def test_a_row_tells_billing_of_its_hours_once(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus_id, course_id = book(tx)
        made = taken(tx, campus_id, csv_of(LI, LI, row(剩余课时="3", 剩余金额="600"), head=HEAD))
        assert [each[1:] for each in rows_of(tx, made)] == [
            ("created", "", ""),
            ("known", "OPENING_KNOWN", "opening_course"),
            ("known", "", ""),
        ]
        first, second = factories.told(tx, OpeningBalanceImported)
        assert (first.course_id, first.campus_id) == (str(course_id), str(campus_id))
        assert (first.hundredths, first.gift_hundredths, first.amount_fen) == (1250, 200, 250_000)
        assert (first.expire_date.year, first.sign_date.month) == (2027, 3)
        assert (second.hundredths, second.amount_fen) == (300, 60_000)
        assert (made.opening_count, made.opening_hundredths, made.opening_fen) == (2, 1550, 310_000)
        [past] = factories.told(tx, StudentHistoryImported)
        assert (past.attended_hundredths, past.paid_fen) == (4000, 800_000)
    with database.begin(caller, now=NOON) as tx:
        again = taken(tx, campus_id, csv_of(LI, row(剩余课时="9"), head=HEAD))
        assert factories.told(tx, OpeningBalanceImported) == []
        assert again.opening_count == 0
        assert {each[2] for each in rows_of(tx, again)} == {"OPENING_KNOWN"}


def test_a_dry_run_adds_up_what_would_come(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus_id, _ = book(tx)
        judged = taken(tx, campus_id, csv_of(LI, row(课程="钢琴"), row(课程=""), head=HEAD), dry_run=True)
        assert [each[1:] for each in rows_of(tx, judged)] == [
            ("created", "", ""),
            ("rejected", "COURSE_UNKNOWN", "opening_course"),
            ("rejected", "COURSE_MISSING", "opening_course"),
        ]
        assert (judged.opening_count, judged.opening_fen) == (1, 250_000)
        assert factories.told(tx, OpeningBalanceImported) == []
        with pytest.raises(Refused, match="brought no hours"):
            imported_openings.ask_undo(tx, judged.id)


def test_what_was_taken_back_may_come_again(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus_id, _ = book(tx)
        made = taken(tx, campus_id, csv_of(LI, head=HEAD))
        imported_openings.ask_undo(tx, made.id)
        with pytest.raises(Refused) as twice:
            imported_openings.ask_undo(tx, made.id)
        assert twice.value.reason == "IMPORT_UNDONE"
        [asked] = factories.told(tx, StudentImportUndoAsked)
        assert asked.student_import_id == str(made.id)
    with database.begin(caller, now=NOON) as tx:
        answered(tx, tx.load(StudentImport, "student_import", made.id), undone=True)
    with database.begin(caller, now=NOON) as tx:
        again = taken(tx, campus_id, csv_of(LI, head=HEAD))
        assert (again.created, again.known, again.opening_count) == (0, 1, 1)
        assert factories.told(tx, StudentEnrolled) == []


def test_an_import_of_which_something_was_used_may_be_asked_for_again(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus_id, _ = book(tx)
        made = taken(tx, campus_id, csv_of(LI, head=HEAD))
        imported_openings.ask_undo(tx, made.id)
        answered(tx, made, undone=False)
        assert (made.undo, made.undo_reason) == ("refused", "OPENING_BALANCE_USED")
        assert imported_openings.ask_undo(tx, made.id).undo == "asked"


def test_an_import_at_work_is_not_taken_back(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=NOON) as tx:
        campus_id, _ = book(tx)
        data = csv_of(LI, head=HEAD)
        made = student_imports.create(
            tx, file_name="名单.csv", data=data, campus_id=campus_id, dry_run=False, mapping={}
        )
        student_import_rows.step(tx)
        with pytest.raises(Refused) as early:
            imported_openings.ask_undo(tx, made.id)
        assert early.value.reason == "IMPORT_NOT_FINISHED"


@pytest.mark.parametrize(
    ("cells", "reason", "field"),
    [
        ({"opening_amount": "100"}, "OPENING_HOURS_MISSING", "opening_hours"),
        ({"opening_gift_hours": "1", "opening_amount": "100"}, "OPENING_HOURS_MISSING", "opening_hours"),
        ({"opening_hours": "1"}, "COURSE_MISSING", "opening_course"),
        ({"opening_hours": "-1"}, "FIGURE_INVALID", "opening_hours"),
        ({"opening_hours": "1.255"}, "FIGURE_INVALID", "opening_hours"),
        ({"opening_hours": "1", "opening_amount": "八百"}, "FIGURE_INVALID", "opening_amount"),
        ({"opening_hours": "1", "opening_course": "数学", "opening_expire_date": "2026-06-14"}, "OPENING_EXPIRED", ""),
        ({"opening_hours": "1", "opening_course": "数学", "opening_expire_date": "2027"}, "DATE_INVALID", ""),
        ({"opening_hours": "1", "opening_course": "数学", "opening_sign_date": "2026-06-16"}, "DATE_IMPLAUSIBLE", ""),
    ],
)
def test_what_means_nothing_is_refused_with_its_column(cells: dict[str, str], reason: str, field: str) -> None:
    with pytest.raises(Rejected) as rejected:
        opening_rows.opening(cells, NOON.date())
    assert rejected.value.reason == reason
    assert rejected.value.field == (field or next(name for name in cells if name.endswith("date")))


@given(st.integers(0, 99_999_999), st.integers(1, 99_999_999))
def test_figures_are_read_to_the_fen(fen: int, hundredths: int) -> None:
    cells = {
        "opening_course": "数学",
        "opening_hours": f"{hundredths / 100:.2f} 课时",
        "opening_amount": f"¥{fen / 100:,.2f}",
        "paid_amount": f"{fen / 100:.2f}元",
    }
    assert opening_rows.opening(cells, NOON.date()) == Opening("数学", hundredths, 0, fen, None, None)
    assert opening_rows.past(cells) == (Past(0, fen) if fen else None)
