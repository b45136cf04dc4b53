"""The checks of a controller: silent over sound books, and each wrong row is named."""

from __future__ import annotations

from uuid import UUID

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupJoined, ClassGroupLeft, CourseChanged
from services.billing.actions import book_checks, charge_rules, class_seats, consumptions
from shared import aliases, telemetry
from shared.caller import Caller, Scope
from shared.db import Database, Tx
from shared.errors import NotAllowed
from shared.ids import uuid7
from shared.testing.callers import staff
from tests.billing import factories

# Each makes one row wrong, as no action ever would; the checks that must name it.
_WRONGS = {
    "update lot set remaining_hundredths = remaining_hundredths - 1": {"lot_hours"},
    "update lot set released_fen = released_fen + 1": {"lot_money", "lot_liability"},
    "update sales_order set paid_fen = paid_fen - 1": {"order_payments", "contract_liability", "lots_paid_for"},
    "update consumption set recognised_fen = recognised_fen + 1": {"split_of_consumption", "revenue"},
    "update lot set freeze_date = '2026-01-01'": {"lot_freeze"},
}


def taught(tx: Tx) -> factories.Purchase:
    """Return a paid order of which a lesson was taught."""
    bought = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(bought))
    return bought


def found(tx: Tx) -> dict[str, tuple[UUID, ...]]:
    """Return the checks that found something, with the rows."""
    return {each.check.code: each.first_ids for each in book_checks.findings(tx) if each.row_count}


def test_sound_books_are_silent(tx: Tx) -> None:
    taught(tx)
    assert found(tx) == {}
    assert set(book_checks.totals(tx)) == {0}
    assert book_checks.report(tx).wrong == 0


@pytest.mark.parametrize("wrong", _WRONGS)
def test_a_wrong_row_is_found_and_named(tx: Tx, wrong: str) -> None:
    taught(tx)
    tx.run(wrong)

    rows = found(tx)

    assert set(rows) == _WRONGS[wrong]
    report = book_checks.report(tx)
    assert report.wrong >= len(rows)
    for code, ids in rows.items():
        [line] = [line for line in report.lines if f" {code}:" in line]
        assert all(str(each) in line for each in ids)


def test_a_lesson_without_cover_waits_for_somebody_but_is_not_wrong(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=50)
    consumptions.consume(tx, factories.confirmed(bought, charge=100))

    [code] = found(tx)
    report = book_checks.report(tx)

    assert code == "lesson_without_cover"
    assert report.wrong == 0
    assert report.lines[1].startswith("to do lesson_without_cover: 1 ")


def seat(tx: Tx, bought: factories.Purchase, *, student_id: UUID | None = None) -> ClassGroupJoined:
    """Return the news that the child of a purchase sits in a class group of its course."""
    event = ClassGroupJoined(
        membership_id=str(uuid7()),
        student_id=str(student_id or bought.student_id),
        campus_id=str(bought.campus_id),
        course_id=str(bought.course_id),
    )
    event.join_time.FromDatetime(tx.now)
    return event


def left(tx: Tx, joined: ClassGroupJoined) -> ClassGroupLeft:
    """Return the news that it sits there no more."""
    event = ClassGroupLeft(membership_id=joined.membership_id, student_id=joined.student_id, campus_id=joined.campus_id)
    event.leave_time.FromDatetime(tx.now)
    return event


def test_who_paid_two_weeks_ago_and_sits_nowhere_is_listed(tx: Tx) -> None:
    """Until the child, or whom it turned out to be, joins a group; leaving brings it back, in any order of news."""
    bought = factories.paid_order(tx)
    course = CourseChanged(course_id=str(bought.course_id), kind="class", lesson_minutes=60)
    charge_rules.project(tx, course)
    assert found(tx) == {}, "it is young"
    tx.run("update lot set create_time = now() - interval '15 days'")
    assert found(tx).keys() == {"payment_without_schedule"}
    assert book_checks.report(tx).wrong == 0
    joined = seat(tx, bought)
    class_seats.on_joined(tx, joined)
    assert found(tx) == {}
    class_seats.on_left(tx, left(tx, joined))
    gone = seat(tx, bought)
    class_seats.on_left(tx, left(tx, gone))
    class_seats.on_joined(tx, gone)
    assert found(tx).keys() == {"payment_without_schedule"}
    twin = uuid7()
    class_seats.on_joined(tx, seat(tx, bought, student_id=twin))
    aliases.remember(tx, str(twin), target=str(bought.student_id), cause=str(uuid7()))
    assert found(tx) == {}
    tx.run("update course set kind = 'one_to_one'")
    aliases.remember(tx, str(twin), target=str(uuid7()), cause=str(uuid7()))
    assert found(tx) == {}, "who learns alone has no class group"


def test_the_daily_job_sets_a_gauge_for_each_check(tx: Tx) -> None:
    taught(tx)
    tx.run("update lot set remaining_hundredths = remaining_hundredths - 1")

    book_checks.observe(tx)

    def gauge(code: str) -> float:
        return float(telemetry.BOOK_FINDINGS.labels(str(tx.institution_id), code)._value.get())  # noqa: SLF001 - no other way to read it

    assert {gauge(check.code) for check in book_checks.CHECKS if check.code != "lot_hours"} == {0.0}
    assert gauge("lot_hours") == 1.0


def test_only_who_sees_the_whole_chain_runs_them(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = taught(tx)
    limited = staff(caller.institution_id, campuses=[bought.campus_id])
    scope = Scope(frozenset({bought.campus_id}))
    with database.begin(limited, scope=scope) as tx, pytest.raises(NotAllowed):
        found(tx)


def test_codes_are_different_and_each_check_is_told_in_both_languages() -> None:
    codes = [check.code for check in book_checks.CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(check.name_zh and check.name_en for check in book_checks.CHECKS)
