"""Attendances charge lots once, release their money and split it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.billing.actions import consumptions, lots, restorations
from services.billing.rules import splits
from services.billing.rules.splits import Share
from shared.db import Tx
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def test_an_attendance_takes_hours_and_recognises_their_money(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=3000, unit_price_fen=20000)
    consumptions.consume(tx, factories.confirmed(bought, charge=150))
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert account == (3000, 0, 150, 0, 2850, 600000 - 30000, 0, 0, 0, 0)
    assert published(tx, "hours_consumed")[0]["recognised_fen"] == "30000"
    assert published(tx, "hours_consumed")[0]["remaining_hundredths"] == "2850"
    assert broken(tx) == []


def test_the_same_event_twice_charges_once(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    event = factories.confirmed(bought)
    consumptions.consume(tx, event)
    consumptions.consume(tx, event)
    assert lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id).consumed_hundredths == 100
    assert broken(tx) == []


def test_bought_at_one_campus_and_taught_at_another_leaves_a_debt_between_them(tx: Tx) -> None:
    factories.split_rule(tx)
    bought = factories.paid_order(tx, hours=3000, unit_price_fen=10001)
    taught_at = factories.campus(tx)
    consumptions.consume(tx, factories.confirmed(bought, campus_id=taught_at))
    rows = tx.run("select party, amount_fen from split_row order by row_number").all()
    assert [tuple(row) for row in rows] == [
        (splits.TEACHING, 7001),
        (splits.SELLING, 2000),
        (splits.HEADQUARTERS, 1000),
    ]
    debts = tx.run(
        "select party_id, balance_fen from ledger_account where code = 'inter_campus_payable' and campus_id = %s"
        " order by balance_fen",
        (bought.campus_id,),
    ).all()
    assert [tuple(row) for row in debts] == [(taught_at, -7001), (splits.HEAD_OFFICE, -1000)]
    assert broken(tx) == []


def test_one_attendance_may_span_lots_paid_hours_first(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=100, gift=100, gift_policy="zero", unit_price_fen=10000)
    consumptions.consume(tx, factories.confirmed(bought, charge=150))
    rows = tx.run(
        "select l.kind, e.hundredths, e.amount_fen from lot_entry e join lot l on l.id = e.lot_id order by 3 desc"
    )
    assert [tuple(row) for row in rows] == [("paid", 100, 10000), ("gift", 50, 0)]
    assert broken(tx) == []


def test_hours_that_are_worth_nothing_leave_no_trace_in_the_books(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=100, gift=200, gift_policy="zero")
    consumptions.consume(tx, factories.confirmed(bought, charge=100))
    event = factories.confirmed(bought, charge=100)
    consumptions.consume(tx, event)
    assert tx.run("select count(*) from journal where kind = 'consumption'").scalar() == 1
    restorations.restore(tx, factories.unconfirmed(event))
    assert tx.run("select count(*) from journal where kind = 'restoration'").scalar() == 0
    assert broken(tx) == []


def test_an_attendance_that_lots_cannot_pay_whole_is_not_charged(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=100)
    consumptions.consume(tx, factories.confirmed(bought, charge=150))
    assert published(tx, "hours_not_covered")[0]["reason"] == "LOT_TOO_SMALL"
    assert published(tx, "hours_consumed") == []
    assert broken(tx) == []


def test_a_student_without_lots_is_reported(tx: Tx) -> None:
    bought = factories.order(tx)
    consumptions.consume(tx, factories.confirmed(bought))
    assert published(tx, "hours_not_covered")[0]["reason"] == "NO_LOT"


def test_an_expired_lot_does_not_pay(tx: Tx) -> None:
    bought = factories.paid_order(tx, expire_date=date(2025, 6, 30))
    late = factories.confirmed(bought, start_time=datetime(2025, 6, 30, 16, 30, tzinfo=UTC))
    consumptions.consume(tx, late)
    assert published(tx, "hours_not_covered")[0]["reason"] == "LOT_NOT_VALID"
    in_time = factories.confirmed(bought, start_time=datetime(2025, 6, 30, 15, 30, tzinfo=UTC))
    consumptions.consume(tx, in_time)
    assert len(published(tx, "hours_consumed")) == 1


def test_a_free_absence_charges_nothing_and_says_nothing(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(bought, charge=0))
    assert published(tx, "hours_consumed") == []
    assert tx.run("select state from consumption").scalar() == "consumed"
    assert broken(tx) == []


def test_taking_an_attendance_back_restores_lot_money_and_splits(tx: Tx) -> None:
    factories.split_rule(tx)
    bought = factories.paid_order(tx, hours=700, gift=300, unit_price_fen=9999)
    event = factories.confirmed(bought, charge=333, campus_id=factories.campus(tx))
    consumptions.consume(tx, event)
    factories.split_rule(tx, [Share(splits.SELLING, is_remainder=True)], priority=9)
    restorations.restore(tx, factories.unconfirmed(event))
    restorations.restore(tx, factories.unconfirmed(event))
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert account == (700, 300, 0, 0, 1000, 69993, 0, 0, 0, 0)
    pairs = tx.run(
        "select a.amount_fen + b.amount_fen, a.party_id = b.party_id, a.rule_id = b.rule_id"
        " from split_row a join split_row b on b.reverses_id = a.id"
    )
    assert [tuple(row) for row in pairs] == [(0, True, True)] * 3
    assert published(tx, "hours_restored")[0]["remaining_hundredths"] == "1000"
    assert broken(tx) == []


def test_a_later_revision_takes_the_earlier_one_back_first(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000)
    attendance = uuid7()
    first = factories.confirmed(bought, charge=100, attendance_id=attendance)
    second = factories.confirmed(bought, charge=200, attendance_id=attendance, revision=2)
    consumptions.consume(tx, first)
    consumptions.consume(tx, second)
    restorations.restore(tx, factories.unconfirmed(first))
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert account.consumed_hundredths == 200
    assert broken(tx) == []


def test_an_overtaken_revision_never_charges(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000)
    attendance = uuid7()
    consumptions.consume(tx, factories.confirmed(bought, charge=200, attendance_id=attendance, revision=2))
    consumptions.consume(tx, factories.confirmed(bought, charge=100, attendance_id=attendance, revision=1))
    assert lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id).consumed_hundredths == 200
    states = tx.run("select state from consumption order by revision").scalars().all()
    assert states == ["skipped", "consumed"]


def test_a_confirmation_that_arrives_after_it_was_taken_back_never_charges(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    event = factories.confirmed(bought)
    restorations.restore(tx, factories.unconfirmed(event))
    consumptions.consume(tx, event)
    assert lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id).consumed_hundredths == 0
    assert broken(tx) == []


def test_low_hours_are_announced_once_until_hours_are_bought_again(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=500)
    for _ in range(4):
        consumptions.consume(tx, factories.confirmed(bought))
    assert [event["remaining_hundredths"] for event in published(tx, "hours_below_threshold")] == ["200"]
    again = factories.paid_order(
        tx, hours=500, student_id=bought.student_id, course_id=bought.course_id, campus_id=bought.campus_id
    )
    for _ in range(5):
        consumptions.consume(tx, factories.confirmed(again))
    announced = published(tx, "hours_below_threshold")
    assert [event["order_id"] for event in announced] == [str(bought.order.id), str(again.order.id)]


def test_commissions_of_staff_are_owed_by_the_campus_they_work_for(tx: Tx) -> None:
    advisor, teacher = uuid7(), uuid7()
    shares = [
        Share(splits.ADVISOR, basis_points=500),
        Share(splits.TEACHER, fixed_fen=3000),
        Share(splits.TEACHING, is_remainder=True),
    ]
    factories.split_rule(tx, shares)
    bought = factories.paid_order(tx, unit_price_fen=20000, owner_id=advisor)
    taught_at = factories.campus(tx)
    consumptions.consume(tx, factories.confirmed(bought, campus_id=taught_at, teacher_id=teacher))
    owed = tx.run("select campus_id, party_id, balance_fen from ledger_account where code = 'split_payable'")
    assert {tuple(row) for row in owed} == {(bought.campus_id, advisor, -1000), (taught_at, teacher, -3000)}
    assert broken(tx) == []
