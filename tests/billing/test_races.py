"""Many at once: the last hour, the last fen, the same event, the same refund."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from services.billing.actions import (
    consumptions,
    orders,
    payments,
    refund_figures,
    refunds,
    restorations,
    transfer_undos,
    transfers,
    wallets,
)
from services.billing.actions.refunds import Wish
from services.billing.rules.callbacks import Notice
from services.billing.rules.refund_rules import MUTUAL, WALLET
from services.billing.rules.transfers import KEPT_VALUE
from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken

CONNECTIONS = 20
ATTEMPTS = 100
REFUNDS = 100
# What the losers of a race about transfers are told.
_LOST = {"TRANSFER_UNDONE", "TRANSFER_LOT_USED", "REFUND_NOT_REQUESTED", "REFUND_OUTDATED", "ORDER_NOT_REFUNDABLE"}


def at_once(database: Database, caller: Caller, work: Callable[[Tx, int], object], times: int = 1) -> list[str]:
    """Run `work` on every connection at the same time, `times` times each; return what was refused."""
    start = Barrier(CONNECTIONS)

    def run(number: int) -> list[str]:
        refused = []
        start.wait()
        for attempt in range(times):
            try:
                with database.begin(caller) as tx:
                    work(tx, number * times + attempt)
            except DomainError as error:
                refused.append(error.reason)
        return refused

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [reason for reasons in pool.map(run, range(CONNECTIONS)) for reason in reasons]


def test_the_last_hours_are_consumed_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        factories.split_rule(tx)
        taught_at = factories.campus(tx)
        bought = factories.paid_order(tx, hours=50000, unit_price_fen=333)
    events = [factories.confirmed(bought, campus_id=taught_at) for _ in range(CONNECTIONS * ATTEMPTS)]
    refused = at_once(database, caller, lambda tx, n: consumptions.consume(tx, events[n]), ATTEMPTS)
    with database.begin(caller, read_only=True) as tx:
        states = tx.run("select state, count(*) from consumption group by state order by state").all()
        assert [tuple(row) for row in states] == [("consumed", 500), ("uncovered", CONNECTIONS * ATTEMPTS - 500)]
        assert tx.run("select sum(remaining_hundredths) from lot").scalar() == 0
        assert broken(tx) == []
    assert refused == []


def test_the_same_attendance_from_everywhere_is_charged_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
    event = factories.confirmed(bought)
    at_once(database, caller, lambda tx, _: consumptions.consume(tx, event))
    with database.begin(caller) as tx:
        assert tx.run("select sum(hundredths) from lot_entry").scalar() == 100
        assert broken(tx) == []


def test_charging_and_taking_back_in_any_order_ends_at_zero(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx)
    event = factories.confirmed(bought)

    def work(tx: Tx, number: int) -> None:
        if number % 2:
            restorations.restore(tx, factories.unconfirmed(event))
        else:
            consumptions.consume(tx, event)

    at_once(database, caller, work)
    with database.begin(caller) as tx:
        # A restoration that met an open charge is repeated by the inbox.
        restorations.restore(tx, factories.unconfirmed(event))
    with database.begin(caller) as tx:
        assert tx.run("select coalesce(sum(hundredths), 0) from lot_entry").scalar() == 0
        assert broken(tx) == []


def test_the_last_fen_is_paid_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
    refused = at_once(database, caller, lambda tx, _: factories.pay(tx, bought.order.id, 1500))
    assert refused == ["PAYMENT_ABOVE_OUTSTANDING"] * (CONNECTIONS - 6)
    with database.begin(caller) as tx:
        assert orders.get(tx, bought.order.id).paid_fen == 9000
        assert broken(tx) == []


def test_a_notice_from_everywhere_posts_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
        intent = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider="sandbox")
        notice = Notice("T1", intent.reference, 10000, "CNY", "SUCCESS")
    at_once(database, caller, lambda tx, _: payments.take_notice(tx, "sandbox", notice))
    with database.begin(caller) as tx:
        assert tx.run("select count(*) from payment").scalar() == 1
        assert tx.run("select count(*) from lot").scalar() == 1
        assert broken(tx) == []


def test_refunds_and_lessons_at_the_same_time_never_give_more_than_was_paid(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=1000, unit_price_fen=333)
        asked = refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="moved away")
    events = [factories.confirmed(bought) for _ in range(CONNECTIONS)]

    def work(tx: Tx, number: int) -> None:
        if number % 2:
            refunds.approve(tx, asked.id)
        else:
            consumptions.consume(tx, events[number])

    at_once(database, caller, work)
    with database.begin(caller) as tx:
        refunded = orders.get(tx, bought.order.id).refunded_fen
        earned = tx.run("select coalesce(sum(recognised_fen), 0) from consumption").scalar()
        assert refunded + int(earned or 0) == 3330
        assert broken(tx) == []


def test_refunds_that_are_approved_twice_at_once_are_paid_once(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        campus_id = factories.campus(tx)
        sold = [factories.paid_order(tx, campus_id=campus_id, hours=100, unit_price_fen=333) for _ in range(REFUNDS)]
        asked = [refunds.request(tx, bought.order.id, Wish(MUTUAL), reason="moved away").id for bought in sold]
    # Two connections go for each refund at the same time.
    refused = at_once(
        database, caller, lambda tx, n: refunds.approve(tx, asked[n % REFUNDS]), 2 * REFUNDS // CONNECTIONS
    )
    assert refused == ["REFUND_NOT_REQUESTED"] * REFUNDS
    with database.begin(caller) as tx:
        assert tx.run("select sum(refunded_fen) from sales_order").scalar() == 333 * REFUNDS
        assert broken(tx) == []


def test_crossing_debts_do_not_wait_for_each_other_in_a_circle(database: Database, caller: Caller) -> None:
    with database.begin(caller) as tx:
        factories.split_rule(tx)
        sold = [factories.paid_order(tx, hours=5000) for _ in range(4)]
    campuses = [bought.campus_id for bought in sold]
    events = [
        factories.confirmed(bought, campus_id=campuses[(number + shift) % 4])
        for shift in range(CONNECTIONS)
        for number, bought in zip(range(4), sold, strict=True)
    ]
    refused = at_once(database, caller, lambda tx, n: consumptions.consume(tx, events[n]), 4)
    assert refused == []
    with database.begin(caller) as tx:
        assert tx.run("select count(*) from consumption where state = 'consumed'").scalar() == len(events)
        assert broken(tx) == []


def test_hours_that_move_are_taught_refunded_and_taken_back_at_once_and_no_fen_is_lost(
    database: Database, caller: Caller
) -> None:
    with database.begin(caller) as tx:
        bought = factories.paid_order(tx, hours=2000, unit_price_fen=333)
        far = factories.campus(tx)
        lot = refund_figures.held(tx, bought.order.id)[0]
        wish = transfers.Wish(lot.id, uuid7(), bought.course_id, far, KEPT_VALUE, 100)
        made = [transfers.create(tx, wish, reason="to the sister") for _ in range(5)]
        refunds.approve(tx, refunds.request(tx, made[0].target_order_id, Wish(MUTUAL), reason="moved away").id)
        back = [
            refunds.request(tx, order_id, Wish(cause), reason="moved away").id
            for order_id, cause in ((made[1].target_order_id, MUTUAL), (bought.order.id, WALLET))
        ]
    events = [factories.confirmed(bought) for _ in range(CONNECTIONS)]

    works: list[Callable[[Tx, int], object]] = [
        lambda tx, _: transfers.create(tx, wish, reason="to the sister"),
        lambda tx, n: consumptions.consume(tx, events[n]),
        lambda tx, n: transfer_undos.undo(tx, made[n % 5].id, reason="a mistake"),
        lambda tx, n: refunds.approve(tx, back[n // 4 % 2]),
    ]
    refused = at_once(database, caller, lambda tx, n: works[n % 4](tx, n))
    assert set(refused) <= _LOST
    with database.begin(caller) as tx:
        assert len(wallets.parts_of(tx, bought.student_id)) == 1
        assert broken(tx) == []
