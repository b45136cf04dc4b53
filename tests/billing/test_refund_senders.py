"""Refunds through providers: each leaves once, whatever dies or is silent between, and is asked for to its end."""

from __future__ import annotations

from uuid import UUID

import pytest

from services.billing.actions import payments, refund_payouts, refund_senders, refunds, unapplied_receipts
from services.billing.actions.refunds import Wish
from services.billing.models import RefundPayout
from services.billing.rules.callbacks import Notice
from services.billing.rules.refund_rules import SCHOOL
from shared.caller import Caller
from shared.db import Database
from tests.billing import factories
from tests.billing import local_providers as local
from tests.billing.books import broken


def due(database: Database, caller: Caller, books: local.Books, provider: str) -> RefundPayout:
    """Return a payout of 100 yuan that a provider collected."""
    with database.begin(caller) as tx:
        tx.run(
            "insert into institution (institution_id, code, name) values (%s, %s, 'A') on conflict do nothing",
            (str(caller.institution_id), caller.institution_id.hex),
        )
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
        intent = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider=provider)
        books.orders[intent.reference] = local.Order(10000)
        paid = books.pay(intent.reference)
        payments.take_notice(tx, provider, Notice(paid.transaction_id, intent.reference, 10000, "CNY", "SUCCESS"))
        refund = refunds.request(tx, bought.order.id, Wish(SCHOOL), reason="搬家")
        refunds.approve(tx, refund.id)
        [payout] = refund_payouts.of_refunds(tx, [refund.id])[refund.id]
    return payout


def work(database: Database, institution: UUID, times: int = 1) -> None:
    """Let the worker pass, each time when all that waits is due."""
    for _ in range(times):
        with database.begin(Caller.system(institution)) as tx:
            tx.run("update refund_payout set next_poll_time = %s", (tx.now,))
        refund_senders.step(database, institution)


def now(database: Database, caller: Caller, payout: RefundPayout) -> RefundPayout:
    with database.begin(caller) as tx:
        assert broken(tx) == []
        return tx.load(RefundPayout, "refund_payout", payout.id)


def alerts(database: Database, caller: Caller) -> list[tuple[str, str, int]]:
    with database.begin(caller) as tx:
        rows = tx.run("select kind, facts->>'code' as code, occurrences from payment_alert where state = 'open'").all()
        return [(row.kind, row.code, row.occurrences) for row in rows]


@pytest.mark.parametrize("provider", ["wechat", "alipay"])
def test_a_payout_is_sent_once_and_asked_for_until_it_has_arrived(
    database: Database, caller: Caller, books: local.Books, provider: str
) -> None:
    payout = due(database, caller, books, provider)
    books.refund_status = "PROCESSING"
    work(database, caller.institution_id, 3)
    assert now(database, caller, payout).state == ("sent" if provider == "wechat" else "succeeded")
    books.refund_status = "SUCCESS"
    work(database, caller.institution_id, 2)
    ended = now(database, caller, payout)
    assert (ended.state, ended.provider_refund_id) == ("succeeded", payout.id.hex)
    assert [list(order.refunds) for order in books.orders.values()] == [[payout.id.hex]]
    assert alerts(database, caller) == []


@pytest.mark.parametrize("provider", ["wechat", "alipay"])
def test_a_worker_that_dies_after_sending_sends_nothing_twice(
    database: Database, caller: Caller, books: local.Books, provider: str
) -> None:
    payout = due(database, caller, books, provider)
    with database.begin(Caller.system(caller.institution_id)) as tx:
        [sending] = refund_senders.claim(tx, [provider])
    refund_senders.send(caller.institution_id, sending)
    assert now(database, caller, payout).state == "sent"
    work(database, caller.institution_id, 2)
    assert now(database, caller, payout).state == "succeeded"
    assert [list(order.refunds) for order in books.orders.values()] == [[payout.id.hex]]


def test_two_workers_take_different_payouts_and_one_that_waits_is_not_due(
    database: Database, caller: Caller, books: local.Books
) -> None:
    payout = due(database, caller, books, "wechat")
    system = Caller.system(caller.institution_id)
    with database.begin(system) as first, database.begin(system) as second:
        assert [each.payout_id for each in refund_senders.claim(first, ["wechat"])] == [payout.id]
        assert refund_senders.claim(second, ["wechat"]) == []
    with database.begin(system) as tx:
        assert refund_senders.claim(tx, ["wechat"]) == []


def test_silence_leaves_the_outcome_open_and_tells_a_person(
    database: Database, caller: Caller, books: local.Books
) -> None:
    payout = due(database, caller, books, "wechat")
    books.down = True
    work(database, caller.institution_id, 3)
    waiting = now(database, caller, payout)
    assert (waiting.state, waiting.failure, waiting.poll_count) == ("sent", "HTTP_503", 3)
    assert alerts(database, caller) == [("REFUND_PAYOUT_FAILED", "HTTP_503", 3)]
    books.down = False
    work(database, caller.institution_id, 2)
    assert now(database, caller, payout).state == "succeeded"


def test_a_refund_that_will_not_arrive_is_paid_in_another_way(
    database: Database, caller: Caller, books: local.Books
) -> None:
    payout = due(database, caller, books, "wechat")
    books.refund_status = "ABNORMAL"
    work(database, caller.institution_id, 3)
    failed = now(database, caller, payout)
    assert (failed.state, failed.failure) == ("failed", "ABNORMAL")
    assert alerts(database, caller) == [("REFUND_PAYOUT_FAILED", "ABNORMAL", 1)]
    with database.begin(caller) as tx:
        again = refund_payouts.redirect(tx, payout.id, method="transfer")
    work(database, caller.institution_id)
    with database.begin(caller) as tx:
        assert tx.load(RefundPayout, "refund_payout", again.id).state == "pending"
        refund_payouts.settle(tx, again.id, succeeded=True)
        assert broken(tx) == []


def test_money_of_another_order_goes_back_under_the_number_that_brought_it_in(
    database: Database, caller: Caller, books: local.Books
) -> None:
    due(database, caller, books, "wechat")
    with database.begin(caller) as tx:
        bought = factories.order(tx, hours=100, unit_price_fen=10000)
        intent = payments.create_intent(tx, bought.order.id, amount_fen=10000, provider="wechat")
        books.orders[intent.reference] = local.Order(10000)
        books.pay(intent.reference)
        factories.pay(tx, bought.order.id, 10000)
        receipt, _ = payments.take_notice(tx, "wechat", Notice("T2", intent.reference, 10000, "CNY", "SUCCESS"))
        assert receipt is not None
        other = factories.order(tx, student_id=bought.student_id, hours=100, unit_price_fen=4000)
        unapplied_receipts.apply(tx, receipt.id, other.order.id, 4000)
        refund = refunds.request(tx, other.order.id, Wish(SCHOOL), reason="搬家")
        refunds.approve(tx, refund.id)
        # Taken at the desk: no provider knows it.
        desk = factories.order(tx, hours=100, unit_price_fen=700)
        payments.record(tx, desk.order.id, payments.Received(700, "wechat", tx.now))
        refunds.approve(tx, refunds.request(tx, desk.order.id, Wish(SCHOOL), reason="搬家").id)
    work(database, caller.institution_id, 2)
    assert list(books.orders[intent.reference].refunds.values()) == [4000]
    with database.begin(caller) as tx:
        states = tx.run("select amount_fen, state from refund_payout order by amount_fen").all()
        assert [tuple(row) for row in states] == [(700, "pending"), (4000, "succeeded"), (10000, "succeeded")]
        assert broken(tx) == []
