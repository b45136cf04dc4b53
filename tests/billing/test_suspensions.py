"""Students who pause: their lots stand still for just as long, however the news comes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentResumed, StudentSuspended
from services.billing.actions import consumptions, freezes, lots, suspensions
from services.billing.consumers import CONSUMERS
from services.billing.models import Lot
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing.bus import deliver
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.test_expiry import lot_of, reason_of

DAY = timedelta(days=1)
# 17:00 UTC: the next morning has begun in Shanghai.
EVENING = datetime(2026, 3, 1, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sound(database: Database, caller: Caller) -> Iterator[None]:
    yield
    with database.begin(caller) as tx:
        assert broken(tx) == []


def paused(bought: factories.Purchase, start: datetime) -> StudentSuspended:
    """Return the news of a pause in the course that was bought."""
    event = StudentSuspended(
        suspension_id=str(uuid7()),
        student_id=str(bought.student_id),
        campus_id=str(bought.campus_id),
        course_ids=[str(bought.course_id)],
    )
    event.start_time.FromDatetime(start)
    return event


def back(pause: StudentSuspended, time: datetime) -> StudentResumed:
    """Return the news of its end."""
    event = StudentResumed(suspension_id=pause.suspension_id, student_id=pause.student_id, campus_id=pause.campus_id)
    event.resume_time.FromDatetime(time)
    return event


def test_a_pause_stops_lots_and_the_return_moves_their_ends(tx: Tx) -> None:
    end = tx.now.date() + 60 * DAY
    bought = factories.paid_order(tx, hours=1000, expire_date=end)
    other = factories.paid_order(tx, hours=1000, student_id=bought.student_id, expire_date=end)
    lot_id = lot_of(tx, bought)
    pause = paused(bought, tx.now)
    suspensions.on_suspended(tx, pause)
    refused = factories.confirmed(bought)
    consumptions.consume(tx, refused)
    assert reason_of(tx, refused.attendance_id) == "LOT_FROZEN"
    assert lots.get(tx, lot_of(tx, other)).freeze_date is None, "another course goes on"
    suspensions.on_resumed(tx, back(pause, tx.now + 30 * DAY))
    tx.session.expire_all()
    lot = lots.get(tx, lot_id)
    assert (lot.freeze_date, lot.expire_date) == (None, end + 30 * DAY)


@pytest.mark.parametrize("order", list(permutations(("pause", "back"))))
def test_the_news_may_come_in_any_order(database: Database, caller: Caller, order: tuple[str, ...]) -> None:
    with database.begin(caller, now=EVENING) as tx:
        bought = factories.paid_order(tx, hours=1000, expire_date=date(2026, 6, 1))
        lot_id = lot_of(tx, bought)
        pause = paused(bought, EVENING)
    with database.begin(caller, now=EVENING + 11 * DAY) as tx:
        for name in order:
            if name == "pause":
                suspensions.on_suspended(tx, pause)
            else:
                suspensions.on_resumed(tx, back(pause, EVENING + 10 * DAY))
        tx.session.flush()
        lot = tx.session.get_one(Lot, (tx.institution_id, lot_id), populate_existing=True)
        assert (lot.freeze_date, lot.expire_date) == (None, date(2026, 6, 11))
        kinds = tx.run("select kind, explanation from lot_entry where lot_id = %s order by kind", (str(lot_id),)).all()
        assert [row.kind for row in kinds] == ["freeze", "unfreeze"]
        assert kinds[1].explanation.startswith("frozen for 10 days from 2026-03-02")


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_two_pauses_give_the_days_of_both_in_any_order_and_however_often(tx: Tx, order: tuple[int, ...]) -> None:
    start = tx.now.replace(hour=12, minute=0)
    bought = factories.paid_order(tx, hours=1000, expire_date=start.date() + 90 * DAY)
    first, second = paused(bought, start), paused(bought, start + 20 * DAY)
    news: list[StudentSuspended | StudentResumed] = [
        first,
        back(first, start + 10 * DAY),
        second,
        back(second, start + 25 * DAY),
    ]
    for number in (*order, *order):
        event = news[number]
        if isinstance(event, StudentSuspended):
            suspensions.on_suspended(tx, event)
        else:
            suspensions.on_resumed(tx, event)
    lot = lots.get(tx, lot_of(tx, bought))
    tx.session.refresh(lot)
    assert (lot.freeze_date, lot.expire_date) == (None, start.date() + 105 * DAY)


def test_a_second_pause_is_not_forgotten_while_the_end_of_the_first_is_on_its_way(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, expire_date=tx.now.date() + 90 * DAY)
    first, second = paused(bought, tx.now), paused(bought, tx.now + 20 * DAY)
    suspensions.on_suspended(tx, first)
    suspensions.on_suspended(tx, second)
    suspensions.on_resumed(tx, back(first, tx.now + 10 * DAY))
    lot = lots.get(tx, lot_of(tx, bought))
    tx.session.refresh(lot)
    assert lot.freeze_date == (tx.now + 20 * DAY).astimezone(ZoneInfo("Asia/Shanghai")).date()


def test_what_was_frozen_or_freed_by_hand_stays_so(tx: Tx) -> None:
    end = tx.now.date() + 60 * DAY
    first = factories.paid_order(tx, hours=1000, expire_date=end)
    by_hand = lot_of(tx, first)
    freezes.freeze(tx, by_hand, reason="休学")
    second = factories.paid_order(
        tx, hours=500, student_id=first.student_id, course_id=first.course_id, expire_date=end
    )
    freed = lot_of(tx, second)
    pause = paused(first, tx.now)
    suspensions.on_suspended(tx, pause)
    freezes.unfreeze(tx, freed, reason="先上着")
    suspensions.on_resumed(tx, back(pause, tx.now + 5 * DAY))
    tx.session.expire_all()
    assert lots.get(tx, by_hand).freeze_date is not None
    assert (lots.get(tx, freed).freeze_date, lots.get(tx, freed).expire_date) == (None, end)


def test_what_had_ended_before_the_pause_is_not_revived(tx: Tx) -> None:
    today = tx.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    bought = factories.paid_order(tx, hours=1000, expire_date=today)
    pause = paused(bought, tx.now + 2 * DAY)
    suspensions.on_suspended(tx, pause)
    suspensions.on_resumed(tx, back(pause, tx.now + 9 * DAY))
    tx.session.expire_all()
    assert lots.get(tx, lot_of(tx, bought)).expire_date == today


def test_the_bus_brings_both(database: Database, caller: Caller) -> None:
    with database.begin(caller, now=EVENING) as tx:
        bought = factories.paid_order(tx, hours=1000, expire_date=date(2026, 6, 1))
        lot_id = lot_of(tx, bought)
    pause = paused(bought, EVENING)
    for news in (pause, back(pause, EVENING + 10 * DAY)):
        deliver(database, CONSUMERS, news, caller.institution_id)
    with database.begin(caller) as tx:
        assert lots.get(tx, lot_id).expire_date == date(2026, 6, 11)
