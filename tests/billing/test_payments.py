"""Money comes in once, however it is told."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from services.billing.actions import orders, payments
from services.billing.actions.payments import Received
from services.billing.models import PaymentIntent
from services.billing.rules import splits
from services.billing.rules.callbacks import Notice
from services.billing.rules.splits import Share
from shared.db import Tx
from shared.errors import Conflict, InvalidInput, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def intent(tx: Tx, bought: factories.Purchase, amount_fen: int) -> PaymentIntent:
    return payments.create_intent(tx, bought.order.id, amount_fen=amount_fen, provider="sandbox")


def notice(of: PaymentIntent, *, transaction: str = "T1", amount_fen: int = 0, **wanted: str) -> Notice:
    facts = {"currency": "CNY", "status": "SUCCESS", "reference": of.reference} | wanted
    return Notice(transaction_id=transaction, amount_fen=amount_fen or of.amount_fen, **facts)


def test_the_last_part_opens_the_lots(tx: Tx) -> None:
    bought = factories.order(tx, hours=3000, gift=200, unit_price_fen=20000)
    factories.pay(tx, bought.order.id, 250000)
    assert orders.get(tx, bought.order.id).state == "part_paid"
    assert published(tx, "order_activated") == []
    factories.pay(tx, bought.order.id, 350000)
    assert orders.get(tx, bought.order.id).state == "paid"
    lots = tx.run("select kind, quantity_hundredths, total_fen from lot order by kind desc").all()
    assert [tuple(lot) for lot in lots] == [("paid", 3000, 562500), ("gift", 200, 37500)]
    assert published(tx, "order_activated")[0]["total_fen"] == "600000"
    assert [event["amount_fen"] for event in published(tx, "payment_received")] == ["250000", "350000"]
    assert broken(tx) == []


def test_an_order_that_costs_nothing_is_active_at_once(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=100, unit_price_fen=100, discount_fen=100)
    assert orders.get(tx, bought.order.id).state == "paid"
    assert broken(tx) == []


def test_nobody_pays_more_than_is_outstanding(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    factories.pay(tx, bought.order.id, 4000)
    with pytest.raises(Refused, match="6001 fen are above the outstanding 6000 fen") as refusal:
        factories.pay(tx, bought.order.id, 6001)
    assert refusal.value.reason == "PAYMENT_ABOVE_OUTSTANDING"
    factories.pay(tx, bought.order.id, 6000)
    with pytest.raises(Refused, match="the order is paid"):
        factories.pay(tx, bought.order.id, 1)


def test_money_cannot_have_been_received_tomorrow(tx: Tx) -> None:
    bought = factories.order(tx)
    with pytest.raises(InvalidInput):
        payments.record(tx, bought.order.id, Received(1, "cash", tx.now + timedelta(days=1)))


def test_an_unknown_order_cannot_be_paid(tx: Tx) -> None:
    with pytest.raises(NotFound):
        factories.pay(tx, uuid7(), 1)


@pytest.mark.parametrize("order", list(itertools.permutations(["first", "second", "first"])))
def test_notices_in_any_order_and_number_post_once_each(tx: Tx, order: tuple[str, ...]) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    intents = {"first": intent(tx, bought, 3000), "second": intent(tx, bought, 7000)}
    seen: set[str] = set()
    for name in (*order, *order):
        _, is_repeat = payments.take_notice(tx, "sandbox", notice(intents[name], transaction=name))
        assert is_repeat == (name in seen)
        seen.add(name)
    assert orders.get(tx, bought.order.id).state == "paid"
    assert tx.run("select count(*) from payment").scalar() == 2
    assert broken(tx) == []


def test_a_notice_of_another_amount_or_currency_changes_nothing(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    asked = intent(tx, bought, 3000)
    for wrong in (notice(asked, amount_fen=2999), notice(asked, currency="USD")):
        with pytest.raises(Refused) as refusal:
            payments.take_notice(tx, "sandbox", wrong)
        assert refusal.value.reason == "PAYMENT_AMOUNT_MISMATCH"
    assert orders.get(tx, bought.order.id).paid_fen == 0


def test_a_notice_of_a_failure_posts_nothing(tx: Tx) -> None:
    asked = intent(tx, factories.order(tx), 3000)
    assert payments.take_notice(tx, "sandbox", notice(asked, status="CLOSED")) == (None, False)
    assert asked.state == "pending"


def test_a_notice_for_an_unknown_reference_is_refused(tx: Tx) -> None:
    asked = intent(tx, factories.order(tx), 3000)
    with pytest.raises(NotFound):
        payments.take_notice(tx, "sandbox", notice(asked, reference="somebody else's"))


def test_a_transaction_cannot_pay_for_two_orders(tx: Tx) -> None:
    first, second = intent(tx, factories.order(tx), 3000), intent(tx, factories.order(tx), 3000)
    payments.take_notice(tx, "sandbox", notice(first))
    with pytest.raises(Conflict):
        payments.take_notice(tx, "sandbox", notice(second))


def test_money_that_an_order_cannot_take_is_kept_apart(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    asked = intent(tx, bought, 8000)
    factories.pay(tx, bought.order.id, 10000)
    payment, _ = payments.take_notice(tx, "sandbox", notice(asked))
    assert payment is not None
    assert payment.state == "unapplied"
    balance = tx.run("select balance_fen from ledger_account where code = 'unapplied_receipts'").scalar()
    assert balance == -8000
    assert broken(tx) == []


def test_an_intent_that_was_paid_twice_keeps_the_second_apart(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    asked = intent(tx, bought, 3000)
    payments.take_notice(tx, "sandbox", notice(asked, transaction="T1"))
    payment, _ = payments.take_notice(tx, "sandbox", notice(asked, transaction="T2"))
    assert payment is not None
    assert payment.state == "unapplied"
    assert orders.get(tx, bought.order.id).paid_fen == 3000
    assert broken(tx) == []


def test_an_intent_above_the_outstanding_amount_is_refused(tx: Tx) -> None:
    with pytest.raises(Refused):
        intent(tx, factories.order(tx, hours=100, unit_price_fen=10000), 10001)


def test_cash_rules_split_what_is_received(tx: Tx) -> None:
    advisor = uuid7()
    shares = [
        Share(splits.HEADQUARTERS, basis_points=1000),
        Share(splits.ADVISOR, basis_points=333),
        Share(splits.SELLING, is_remainder=True),
    ]
    factories.split_rule(tx, shares, base=splits.CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=10001, owner_id=advisor)
    factories.pay(tx, bought.order.id, 10001)
    rows = tx.run("select party, amount_fen from split_row where source_kind = 'payment' order by row_number").all()
    assert [tuple(row) for row in rows] == [("headquarters", 1000), ("advisor", 333), ("selling_campus", 8668)]
    assert broken(tx) == []
