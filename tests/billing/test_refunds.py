"""What goes back to a family, and what it does to lots, splits and books."""

from __future__ import annotations

import pytest

from services.billing.actions import consumptions, lots, orders, refunds, restorations
from services.billing.models import Refund
from services.billing.rules import splits
from services.billing.rules.refunds import CONTRACT_PRICE, FULL, LIST_PRICE
from services.billing.rules.splits import Share
from shared.db import Tx
from shared.errors import AlreadyExists, NotFound, Refused
from shared.ids import uuid7
from tests.billing import factories
from tests.billing.books import broken
from tests.billing.outgoing import published


def refund(tx: Tx, bought: factories.Purchase, *, basis: str = CONTRACT_PRICE, fee_fen: int = 0) -> Refund:
    asked = refunds.request(tx, bought.order.id, basis=basis, fee_fen=fee_fen, reason="moved away")
    return refunds.approve(tx, asked.id)


def test_a_refund_closes_the_lots_and_pays_what_is_left(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    paid = refund(tx, bought, fee_fen=5000)
    assert paid.amount_fen == 445000
    assert [(line["kind"], line["amount_fen"]) for line in paid.lines["lines"]] == [
        ("paid", 600000),
        ("consumed", -150000),
        ("fee", -5000),
    ]
    account = lots.hour_account(tx, student_id=bought.student_id, course_id=bought.course_id)
    assert account == (4000, 0, 1000, 3000, 0, 0)
    assert orders.get(tx, bought.order.id).state == "refunded"
    assert published(tx, "refund_paid")[0]["amount_fen"] == "445000"
    assert broken(tx) == []


def test_at_the_list_price_the_difference_stays_with_the_campus(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    for _ in range(10):
        consumptions.consume(tx, factories.confirmed(bought))
    assert refund(tx, bought, basis=LIST_PRICE).amount_fen == 400000
    assert tx.run("select balance_fen from ledger_account where code = 'forfeit_income'").scalar() == -50000
    assert broken(tx) == []


def test_nothing_is_claimed_from_the_family(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=4000, unit_price_fen=20000, discount_fen=200000)
    consumptions.consume(tx, factories.confirmed(bought, charge=3500))
    assert refund(tx, bought, basis=LIST_PRICE, fee_fen=100).amount_fen == 0
    assert broken(tx) == []


def test_splits_of_consumed_hours_stay_and_splits_of_cash_go_back(tx: Tx) -> None:
    advisor = uuid7()
    factories.split_rule(tx)
    shares = [Share(splits.HEADQUARTERS, basis_points=1000), Share(splits.ADVISOR, basis_points=333)]
    factories.split_rule(tx, [*shares, Share(splits.SELLING, is_remainder=True)], base=splits.CASH)
    bought = factories.order(tx, hours=3000, gift=200, unit_price_fen=19999, owner_id=advisor)
    for part in (100001, bought.order.total_fen - 100001):
        factories.pay(tx, bought.order.id, part)
    consumptions.consume(tx, factories.confirmed(bought, campus_id=factories.campus(tx)))
    paid = refund(tx, bought)
    back = tx.run("select sum(amount_fen), sum(base_fen) < 0 from split_row where source_kind = 'refund'").one()
    assert back[0] == -paid.amount_fen
    kept = tx.run("select sum(amount_fen) from split_row where base = 'cash_received'").scalar()
    assert kept == bought.order.total_fen - paid.amount_fen
    assert broken(tx) == []


def test_a_refund_of_everything_takes_back_exactly_the_rows_of_the_payments(tx: Tx) -> None:
    shares = [Share(splits.HEADQUARTERS, basis_points=777), Share(splits.SELLING, is_remainder=True)]
    factories.split_rule(tx, shares, base=splits.CASH)
    bought = factories.order(tx, hours=100, unit_price_fen=9999)
    for part in (3333, 3333, 3333):
        factories.pay(tx, bought.order.id, part)
    refund(tx, bought, basis=FULL)
    sums = tx.run(
        "select a.amount_fen + b.amount_fen from split_row a join split_row b on b.reverses_id = a.id"
    ).scalars()
    assert list(sums) == [0] * 6
    owed = tx.run("select balance_fen from ledger_account where code = 'inter_campus_payable'").scalar()
    assert owed == 0
    assert broken(tx) == []


def test_an_order_that_is_part_paid_gives_back_what_was_paid(tx: Tx) -> None:
    bought = factories.order(tx, hours=100, unit_price_fen=10000)
    factories.pay(tx, bought.order.id, 4000)
    assert refund(tx, bought, fee_fen=500).amount_fen == 3500
    with pytest.raises(Refused) as refusal:
        refund(tx, bought)
    assert refusal.value.reason == "ORDER_NOT_REFUNDABLE"
    with pytest.raises(Refused):
        factories.pay(tx, bought.order.id, 6000)
    assert broken(tx) == []


def test_nothing_was_paid_nothing_goes_back(tx: Tx) -> None:
    bought = factories.order(tx)
    with pytest.raises(Refused):
        refunds.preview(tx, bought.order.id, basis=CONTRACT_PRICE, fee_fen=0)


def test_a_full_refund_is_not_open_after_the_first_lesson(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    consumptions.consume(tx, factories.confirmed(bought))
    with pytest.raises(Refused) as refusal:
        refund(tx, bought, basis=FULL)
    assert refusal.value.reason == "REFUND_BASIS_NOT_OPEN"


def test_a_refund_is_approved_once_and_only_as_it_was_requested(tx: Tx) -> None:
    bought = factories.paid_order(tx)
    asked = refunds.request(tx, bought.order.id, basis=CONTRACT_PRICE, fee_fen=0, reason="moved away")
    with pytest.raises(AlreadyExists), tx.session.begin_nested():
        refunds.request(tx, bought.order.id, basis=CONTRACT_PRICE, fee_fen=0, reason="again")
    event = factories.confirmed(bought)
    consumptions.consume(tx, event)
    with pytest.raises(Refused, match="600000 fen were requested, 580000 fen are due now"):
        refunds.approve(tx, asked.id)
    restorations.restore(tx, factories.unconfirmed(event))
    refunds.approve(tx, asked.id)
    with pytest.raises(Refused, match="the refund is paid"):
        refunds.approve(tx, asked.id)
    assert broken(tx) == []


def test_an_attendance_that_is_taken_back_after_a_refund_can_be_refunded_too(tx: Tx) -> None:
    bought = factories.paid_order(tx, hours=1000, unit_price_fen=333)
    event = factories.confirmed(bought, charge=100)
    consumptions.consume(tx, event)
    first = refund(tx, bought)
    restorations.restore(tx, factories.unconfirmed(event))
    second = refund(tx, bought)
    assert first.amount_fen + second.amount_fen == bought.order.total_fen
    assert broken(tx) == []


def test_an_unknown_refund_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        refunds.approve(tx, uuid7())
