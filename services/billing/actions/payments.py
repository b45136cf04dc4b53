"""Money received. Each payment posts once, whatever arrives how often and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from services.billing.actions import (
    amount_mismatches,
    approvals,
    cash_splits,
    charge_rules,
    custody,
    instalments,
    ledger,
    lots,
    orders,
    rulebooks,
    wallets,
)
from services.billing.models import Order, Payment, PaymentIntent
from services.billing.rules import postings
from services.billing.rules.callbacks import SUCCESS, Notice
from services.billing.rules.provider_orders import LIFE
from shared.db import Tx
from shared.errors import Conflict, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.money import CURRENCY

LISTING: Listing[Payment] = Listing(
    Payment,
    fields={
        "order_id": Field(Payment.order_id),
        "customer_id": Field(Payment.customer_id, aliased=True),
        "campus_id": Field(Payment.campus_id),
        "method": Field(Payment.method),
        "state": Field(Payment.state, prefix="PAYMENT_STATE_"),
        "receive_time": Field(Payment.receive_time),
        "amount_fen": Field(Payment.amount_fen),
    },
    default_order="receive_time desc",
)


@dataclass(frozen=True, slots=True)
class Received:
    """Money that has come in for an order."""

    amount_fen: int
    method: str
    receive_time: datetime
    provider_transaction_id: str | None = None
    reference: str | None = None
    # Money that was received above another order, and is in the books already.
    origin: Payment | None = None


def record(tx: Tx, order_id: UUID, received: Received) -> Payment:
    """Record money that was received at the desk or by transfer, or is in the wallet; the last part opens the lots."""
    if received.receive_time > tx.now:
        raise InvalidInput("receive_time", "the money has not been received yet")
    order = orders.get(tx, order_id)
    _check_takes_money(tx, order)
    charge_rules.check_payment(tx, order)
    if received.method == wallets.METHOD:
        wallets.check(tx, order.customer_id, received.amount_fen)
    payment = _apply(tx, order_id, received)
    if payment is None:
        raise _refusal(orders.get(tx, order_id), received.amount_fen)
    return payment


def create_intent(tx: Tx, order_id: UUID, *, amount_fen: int, provider: str) -> PaymentIntent:
    """Prepare a payment through a provider; its callback names the reference, the worker fetches the code to scan."""
    order = orders.get(tx, order_id)
    _check_takes_money(tx, order)
    if order.state not in {"open", "part_paid"} or amount_fen > order.total_fen - order.paid_fen:
        raise _refusal(order, amount_fen)
    charge_rules.check_payment(tx, order)
    intent_id = uuid7()
    intent = PaymentIntent(
        id=intent_id,
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        order_id=order.id,
        amount_fen=amount_fen,
        provider=provider,
        state="pending",
        reference=intent_id.hex,
        code_url="",
        expire_time=tx.now + LIFE,
        next_poll_time=tx.now,
        poll_count=0,
        failure="",
    )
    tx.session.add(intent)
    tx.session.flush()
    return intent


def take_notice(tx: Tx, provider: str, notice: Notice) -> tuple[Payment | None, bool]:
    """Post what a verified notice says; returns the payment and whether an earlier delivery had posted it.

    Refuses an unknown reference and another amount or currency than was asked for. A second transaction for one
    intent, and one that the order can no longer take, is money all the same: it is posted as unapplied.
    """
    query = select(PaymentIntent).where(PaymentIntent.provider == provider, PaymentIntent.reference == notice.reference)
    # The lock makes deliveries of one intent wait for each other.
    intent = tx.session.scalars(query.with_for_update()).one_or_none()
    if intent is None:
        raise NotFound("payment_intent", notice.reference)
    if notice.status != SUCCESS:
        return None, False
    if notice.amount_fen != intent.amount_fen or notice.currency != CURRENCY:
        raise Refused(
            "PAYMENT_AMOUNT_MISMATCH",
            f"{intent.amount_fen} fen {CURRENCY} were asked for, the notice says {notice.amount_fen} {notice.currency}",
            asked_fen=intent.amount_fen,
            notice_fen=notice.amount_fen,
        )
    known = _by_transaction(tx, provider, notice.transaction_id)
    if known is not None:
        if known.order_id != intent.order_id:
            raise Conflict("PAYMENT_TRANSACTION_REUSED", "the transaction has paid for another order")
        return known, True
    received = Received(notice.amount_fen, provider, tx.now, notice.transaction_id, notice.reference)
    payment = _apply(tx, intent.order_id, received) if intent.state != "succeeded" else None
    intent.state = "succeeded"
    return payment or _keep_unapplied(tx, orders.get(tx, intent.order_id), received), False


def apply_receipt(tx: Tx, order: Order, receipt: Payment, amount_fen: int) -> Payment:
    """Count money that was received above another order towards this one; the caller has checked what is left of it.

    Raises ORDER_NOT_APPROVED, AMOUNT_MISMATCH_OPEN, ORDER_NOT_PAYABLE, PAYMENT_ABOVE_OUTSTANDING.
    """
    _check_takes_money(tx, order)
    payment = _apply(tx, order.id, Received(amount_fen, receipt.method, tx.now, origin=receipt))
    if payment is None:
        raise _refusal(orders.get(tx, order.id), amount_fen)
    return payment


def get(tx: Tx, payment_id: UUID) -> Payment:
    """Return a payment within reach."""
    return tx.load(Payment, "payment", payment_id)


def _apply(tx: Tx, order_id: UUID, received: Received) -> Payment | None:
    """Count money towards an order and post it; None when the order cannot take it."""
    state = orders.add_paid(tx, order_id, received.amount_fen)
    if not state:
        return None
    order = orders.get(tx, order_id)
    # Hours that grow with the money are locked before wallets and accounts, as everybody does.
    lots.of_order_for_update(tx, order.id)
    payment = _store(tx, order, received, "applied")
    rules = rulebooks.load(tx)
    day = rules.day(order.campus_id, tx.now)
    lines = _lines(tx, order, payment, rules, received.origin)
    lines += custody.receive(tx, order, received.amount_fen, payment.id)
    ledger.post(
        tx,
        kind="payment",
        source_id=payment.id,
        campus_id=order.campus_id,
        lines=postings.merge(lines),
        post_date=day,
    )
    # What a wallet pays was received, and divided, when the money came in.
    if payment.method != wallets.METHOD:
        publish(tx, _event(payment))
    if not instalments.receive(tx, order, payment.id, received.amount_fen) and state == "paid":
        orders.activate(tx, order)
    return payment


def _lines(
    tx: Tx, order: Order, payment: Payment, rules: rulebooks.Rules, origin: Payment | None
) -> list[postings.Line]:
    if payment.method == wallets.METHOD:
        spent = wallets.pay(tx, order, payment_id=payment.id, amount_fen=payment.amount_fen)
        return postings.wallet_payment(order.campus_id, spent)
    parts = cash_splits.receive(tx, order, payment, rules)
    held_by = origin.campus_id if origin else None
    return postings.payment(order.campus_id, payment.amount_fen, parts, held_by=held_by)


def _keep_unapplied(tx: Tx, order: Order, received: Received) -> Payment:
    payment = _store(tx, order, received, "unapplied")
    ledger.post(
        tx,
        kind="payment",
        source_id=payment.id,
        campus_id=order.campus_id,
        lines=postings.unapplied(order.campus_id, received.amount_fen),
        post_date=rulebooks.load(tx).day(order.campus_id, tx.now),
    )
    return payment


def _store(tx: Tx, order: Order, received: Received, state: str) -> Payment:
    payment = Payment(
        id=uuid7(),
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        order_id=order.id,
        customer_id=order.customer_id,
        amount_fen=received.amount_fen,
        method=received.method,
        provider_transaction_id=received.provider_transaction_id,
        reference=received.reference,
        origin_payment_id=received.origin.id if received.origin else None,
        state=state,
        receive_time=received.receive_time,
    )
    with tx.translating({"uq_payment_provider_transaction": _reused}):
        tx.session.add(payment)
    return payment


def _check_takes_money(tx: Tx, order: Order) -> None:
    approvals.check_takes_money(order)
    amount_mismatches.check_takes_money(tx, order)


def _by_transaction(tx: Tx, provider: str, transaction_id: str) -> Payment | None:
    query = select(Payment).where(Payment.method == provider, Payment.provider_transaction_id == transaction_id)
    return tx.session.scalars(query).one_or_none()


def _reused() -> Conflict:
    return Conflict("PAYMENT_TRANSACTION_REUSED", "the transaction has paid for another order")


def _refusal(order: Order, amount_fen: int) -> Refused:
    outstanding = order.total_fen - order.paid_fen
    if order.state not in {"open", "part_paid"}:
        return Refused("ORDER_NOT_PAYABLE", f"the order is {order.state}", state=order.state)
    return Refused(
        "PAYMENT_ABOVE_OUTSTANDING",
        f"{amount_fen} fen are above the outstanding {outstanding} fen",
        amount_fen=amount_fen,
        outstanding_fen=outstanding,
    )


def _event(payment: Payment) -> PaymentReceived:
    return PaymentReceived(
        payment_id=str(payment.id),
        order_id=str(payment.order_id),
        customer_id=str(payment.customer_id),
        campus_id=str(payment.campus_id),
        amount_fen=payment.amount_fen,
        method=payment.method,
        receive_time=payment.receive_time,
    )
