"""Offers, contracts, orders, payments, refunds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.billing.actions import contracts, orders, payments, quotes, refund_payouts, refunds
from services.billing.actions.payments import Received
from services.billing.actions.pricing import Item
from services.billing.rules.callbacks import SUCCESS, Notice
from services.billing.rules.lots import DILUTED, ZERO
from tools.demo.stage.known import Known, LeadIds
from tools.demo.stage.world import Acts, World, batches
from tools.demo.story.beats import Payment, Refund, Sale

_THROUGH_PROVIDER = frozenset({"wechat_pay", "alipay"})
_BATCH = 15
_VALID_DAYS = 540
_CURRENCY = "CNY"


def sell_first(world: World, known: Known, campus: int) -> Known:
    """Make the offers of a campus, with all that followed from them, renewals left out."""
    mine = [each for each in world.story.sales[: world.story.renewals_from] if each.campus == campus]
    return sell(world, known, sorted(mine, key=lambda sale: sale.quote_time))


def sell(world: World, known: Known, sales: Sequence[Sale]) -> Known:
    """Take sales as far as they came; returns the orders."""
    learned, heard = Known(), _first_sales(world)
    for batch in batches([each for each in sales if each.enquiry in known.leads], _BATCH):
        with world.acts("billing") as acts:
            for sale in batch:
                ids = known.leads[sale.enquiry]
                order_id = _sell(acts, world, known, sale, ids, is_first=heard[sale.enquiry] == sale.key)
                if order_id is not None:
                    learned.orders[sale.key] = order_id
    return learned


def refund(world: World, known: Known, refund: Refund) -> None:
    """Let the advisor ask for a refund and, where it was decided, finance pay it."""
    finance = next(known.staff[each.key] for each in world.story.staff if each.role == "finance")
    ids = known.leads[refund.enquiry]
    with world.acts("billing") as acts:
        tx = acts.at(refund.time, ids.owner_id)
        order_id = known.orders[refund.sale]
        asked = refunds.request(tx, order_id, refunds.Wish(refund.cause, refund.fee_fen), reason=refund.reason)
        if refund.approve_time is not None:
            tx = acts.at(refund.approve_time, finance)
            refunds.approve(tx, asked.id)
            for payout in refund_payouts.of_refunds(tx, [asked.id])[asked.id]:
                refund_payouts.settle(tx, payout.id, succeeded=True)


def _first_sales(world: World) -> dict[int, int]:
    first: dict[int, int] = {}
    for sale in world.story.sales:
        first.setdefault(sale.enquiry, sale.key)
    return first


def _sell(acts: Acts, world: World, known: Known, sale: Sale, ids: LeadIds, *, is_first: bool) -> UUID | None:
    """Return the id of the order, None for an offer that the family did not take."""
    owner = ids.owner_id
    tx = acts.at(sale.quote_time, owner)
    item = Item(
        course_id=known.courses[sale.course.key],
        lesson_hours_hundredths=sale.hundredths,
        unit_price_fen=sale.course.price_fen,
        gift_hundredths=sale.gift_hundredths,
        discount_fen=sale.discount_fen,
    )
    quote = quotes.create(
        tx,
        customer_id=ids.customer_id,
        campus_id=known.campuses[sale.campus],
        items=[item],
        owner_id=owner,
        # Who buys again is a student already: the order names no lead.
        lead_id=ids.lead_id if is_first else None,
        channel=world.story.enquiries[sale.enquiry].source,
    )
    if sale.sign_time is None:
        return None
    quotes.confirm(acts.at(sale.sign_time - timedelta(minutes=2), owner), quote.id)
    tx = acts.at(sale.sign_time - timedelta(minutes=1), owner)
    expires = sale.sign_time.date() + timedelta(days=_VALID_DAYS)
    policy = DILUTED if sale.course.key % 2 else ZERO
    contract_id = contracts.create(tx, quote.id, gift_policy=policy, expire_date=expires).id
    contracts.sign(acts.at(sale.sign_time, owner), contract_id)
    order_id = orders.create(acts.at(sale.sign_time + timedelta(seconds=20), owner), contract_id).id
    for payment in sale.payments:
        _pay(acts, order_id, payment, owner)
    return order_id


def _pay(acts: Acts, order_id: UUID, payment: Payment, owner: UUID | None) -> None:
    if payment.method not in _THROUGH_PROVIDER:
        received = Received(payment.amount_fen, payment.method, payment.time)
        payments.record(acts.at(payment.time, owner), order_id, received)
        return
    tx = acts.at(payment.time - timedelta(seconds=30), owner)
    intent = payments.create_intent(tx, order_id, amount_fen=payment.amount_fen, provider=payment.method)
    notice = Notice(f"T{intent.reference[-24:]}", intent.reference, payment.amount_fen, _CURRENCY, SUCCESS)
    payments.take_notice(acts.at(payment.time), payment.method, notice)
