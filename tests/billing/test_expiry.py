"""Hours that stand still, hours whose time is over, and that the books follow both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.billing.actions import consumptions, expiries, freezes, hour_policies, lots, refunds, restorations
from services.billing.actions.refunds import Wish
from services.billing.rules.lots import INCOME, KEEP
from services.billing.rules.refund_rules import SCHOOL
from shared.db import Tx
from shared.errors import AlreadyExists, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published

DAY = timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def today(tx: Tx) -> date:
    return tx.now.astimezone(SHANGHAI).date()


@pytest.fixture(autouse=True)
def sound(tx: Tx) -> Iterator[None]:
    yield
    assert broken(tx) == []


def policy(tx: Tx, expiry: str = INCOME, *, campus_id: UUID | None = None, notice_days: int = 30) -> None:
    hour_policies.create(tx, campus_id=campus_id, start_date=factories.LONG_AGO, expiry=expiry, notice_days=notice_days)


def account(tx: Tx, bought: factories.Purchase) -> lots.HourAccount:
    return lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)


def lot_of(tx: Tx, bought: factories.Purchase) -> UUID:
    lot_id = tx.run("select id from lot where order_id = %s and kind = 'paid'", (bought.order.id,)).scalar()
    assert isinstance(lot_id, UUID)
    return lot_id


def since(tx: Tx, lot_id: UUID, day: date) -> None:
    """Let the freeze of a lot have begun on a day."""
    tx.session.expire_all()
    tx.run("update lot set freeze_date = %s where id = %s", (day, lot_id))


def reason_of(tx: Tx, attendance_id: str) -> str:
    return str(tx.run("select reason from consumption where attendance_id = %s", (attendance_id,)).scalar())


def income(tx: Tx) -> int:
    return int(tx.run("select -coalesce(sum(amount_fen), 0) from journal_line where code = 'breakage_income'").scalar())


def run_out(tx: Tx) -> int:
    """Run the job until it has nothing to do; return how often it worked."""
    times = 0
    while expiries.expire(tx):
        times += 1
    return times


def test_a_frozen_lot_pays_for_the_days_before_its_freeze_alone(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000)
    freezes.freeze(tx, lot_of(tx, bought), reason="休学一个月")
    assert account(tx, bought).frozen_hundredths == 1000
    refused = factories.confirmed(bought)
    consumptions.consume(tx, refused)
    assert reason_of(tx, refused.attendance_id) == "LOT_FROZEN"
    consumptions.consume(tx, factories.confirmed(bought, start_time=tx.now - 2 * DAY))
    assert account(tx, bought).frozen_hundredths == 900
    freezes.unfreeze(tx, lot_of(tx, bought), reason="回来了")
    consumptions.consume(tx, factories.confirmed(bought))
    after = account(tx, bought)
    assert (after.consumed_hundredths, after.frozen_hundredths, after.remaining_hundredths) == (200, 0, 800)


def test_the_end_of_a_lot_moves_by_the_days_that_it_was_frozen(tx: Tx, today: date) -> None:
    bought = factories.paid_order(tx, hours=1000, expire_date=today + 5 * DAY)
    policy(tx)
    lot_id = lot_of(tx, bought)
    for days in (40, 3):
        freezes.freeze(tx, lot_id, reason="休学")
        since(tx, lot_id, today - days * DAY)
        assert not expiries.expire(tx)
        freezes.unfreeze(tx, lot_id, reason="复学")
    assert lots.get(tx, lot_id).expire_date == today + 48 * DAY
    rows = tx.run(
        "select kind, explanation, reverses_id is null as opens from lot_entry order by create_time, id"
    ).all()
    assert sorted(row.kind for row in rows) == ["freeze", "freeze", "unfreeze", "unfreeze"]
    assert all(row.opens == (row.kind == "freeze") for row in rows)
    assert any(row.explanation == f"frozen for 40 days from {today - 40 * DAY}: 复学" for row in rows)


def test_what_cannot_be_frozen_says_why(tx: Tx, today: date) -> None:
    bought = factories.paid_order(tx, hours=100, expire_date=today)
    lot_id = lot_of(tx, bought)
    with pytest.raises(Refused, match="not frozen"):
        freezes.unfreeze(tx, lot_id, reason="x")
    freezes.freeze(tx, lot_id, reason="x")
    with pytest.raises(Refused) as again:
        freezes.freeze(tx, lot_id, reason="x")
    assert again.value.reason == "LOT_FROZEN"
    freezes.unfreeze(tx, lot_id, reason="x")
    consumptions.consume(tx, factories.confirmed(bought))
    with pytest.raises(Refused) as empty:
        freezes.freeze(tx, lot_id, reason="x")
    assert empty.value.reason == "LOT_EMPTY"
    late = factories.paid_order(tx, hours=100, expire_date=today - DAY)
    with pytest.raises(Refused) as over:
        freezes.freeze(tx, lot_of(tx, late), reason="x")
    assert over.value.reason == "LOT_NOT_VALID"
    with pytest.raises(NotFound):
        freezes.freeze(tx, uuid7(), reason="x")


def test_hours_expire_after_their_last_day_and_become_income_to_the_fen(tx: Tx, today: date) -> None:
    campus = factories.campus(tx)
    over = factories.paid_order(tx, campus_id=campus, hours=700, gift=300, unit_price_fen=9999, expire_date=today - DAY)
    last = factories.paid_order(tx, campus_id=campus, hours=100, expire_date=today)
    consumptions.consume(tx, factories.confirmed(over, charge=333, start_time=tx.now - 2 * DAY))
    worth = account(tx, over).remaining_fen
    policy(tx)
    assert run_out(tx) == 1
    assert income(tx) == worth
    after = account(tx, over)
    assert (after.expired_hundredths, after.remaining_hundredths, after.remaining_fen) == (667, 0, 0)
    assert account(tx, last).remaining_hundredths == 100
    told = published(tx, "hours_expired")
    assert sum(int(event.get("amount_fen", 0)) for event in told) == worth
    assert run_out(tx) == 0


def test_an_attendance_that_is_taken_back_later_gives_hours_that_expire_again(tx: Tx, today: date) -> None:
    bought = factories.paid_order(tx, hours=700, unit_price_fen=9999, expire_date=today - DAY)
    event = factories.confirmed(bought, charge=333, start_time=tx.now - 2 * DAY)
    consumptions.consume(tx, event)
    policy(tx)
    assert run_out(tx) == 1
    restorations.restore(tx, factories.unconfirmed(event))
    assert account(tx, bought).remaining_hundredths == 333
    assert run_out(tx) == 1
    assert income(tx) == bought.order.total_fen
    assert account(tx, bought).expired_hundredths == 700


def test_without_a_policy_that_says_so_expired_hours_stay_and_can_be_refunded(tx: Tx, today: date) -> None:
    here, there = factories.campus(tx), factories.campus(tx)
    kept, closed = (
        factories.paid_order(tx, campus_id=campus, hours=500, unit_price_fen=10000, expire_date=today - DAY)
        for campus in (here, there)
    )
    assert run_out(tx) == 0
    policy(tx)
    policy(tx, KEEP, campus_id=here)
    assert run_out(tx) == 1
    assert (account(tx, kept).remaining_fen, account(tx, closed).remaining_fen) == (50000, 0)
    asked = refunds.request(tx, kept.order.id, Wish(SCHOOL), reason="搬家")
    assert asked.amount_fen == 50000
    with pytest.raises(Refused) as nothing:
        refunds.preview(tx, closed.order.id, Wish(SCHOOL))
    assert nothing.value.reason == "ORDER_NOT_REFUNDABLE"


def test_a_day_is_over_at_the_campus_that_sold(tx: Tx) -> None:
    # Kiritimati is a day ahead of Pago Pago at every hour of the year.
    ahead, behind = (factories.campus(tx, time_zone=name) for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    yesterday_ahead = tx.now.astimezone(ZoneInfo("Pacific/Kiritimati")).date() - DAY
    over, not_over = (
        factories.paid_order(tx, campus_id=campus, hours=100, expire_date=yesterday_ahead) for campus in (ahead, behind)
    )
    policy(tx)
    assert run_out(tx) == 1
    assert (account(tx, over).remaining_hundredths, account(tx, not_over).remaining_hundredths) == (0, 100)


def test_each_campus_expires_in_a_journal_of_its_own(tx: Tx, today: date) -> None:
    for _ in range(2):
        factories.paid_order(tx, hours=100, expire_date=today - DAY)
    policy(tx)
    assert run_out(tx) == 2
    assert tx.run("select count(*) from journal where kind = 'expiry'").scalar() == 2


def test_families_are_told_once_before_the_end_and_again_when_it_has_moved(tx: Tx, today: date) -> None:
    soon = factories.paid_order(tx, hours=100, expire_date=today + 30 * DAY)
    factories.paid_order(tx, hours=100, expire_date=today + 31 * DAY)
    assert not expiries.announce(tx)
    policy(tx, KEEP)
    assert expiries.announce(tx)
    assert not expiries.announce(tx)
    lot_id = lot_of(tx, soon)
    assert [event["lot_id"] for event in published(tx, "hours_expiring")] == [str(lot_id)]
    freezes.freeze(tx, lot_id, reason="休学")
    since(tx, lot_id, today - 10 * DAY)
    freezes.unfreeze(tx, lot_id, reason="复学")
    assert not expiries.announce(tx)
    tx.run("update lot set expire_date = %s where id = %s", (today + DAY, lot_id))
    assert expiries.announce(tx)
    assert len(published(tx, "hours_expiring")) == 2


def test_two_policies_of_a_campus_do_not_start_on_the_same_day(tx: Tx) -> None:
    campus = factories.campus(tx)
    policy(tx, campus_id=campus)
    with pytest.raises(AlreadyExists) as taken:
        policy(tx, KEEP, campus_id=campus)
    assert taken.value.reason == "HOUR_POLICY_EXISTS"
