"""Refunds on their way back: a row per way before anything is sent, and cash leaves the books when it is confirmed.

`refund_senders` marks what goes through a provider as `sent` before the provider hears of it, and reports with
`settle`.
Cash, transfers and what no provider knows are confirmed by a person with the same `settle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from lianxiao.billing.v1.billing_events_pb2 import RefundPaid
from services.billing.actions import custody, ledger, rulebooks, wallets
from services.billing.models import Order, Payment, Refund, RefundPayout
from services.billing.rules import postings
from services.billing.rules import refund_rules as rules
from services.billing.rules.payouts import Source, spread
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.listing import Field, Listing

LISTING: Listing[RefundPayout] = Listing(
    RefundPayout,
    fields={
        "refund_id": Field(RefundPayout.refund_id),
        "payment_id": Field(RefundPayout.payment_id, sortable=False),
        "campus_id": Field(RefundPayout.campus_id),
        "method": Field(RefundPayout.method),
        "state": Field(RefundPayout.state, prefix="REFUND_PAYOUT_STATE_"),
        "create_time": Field(RefundPayout.create_time),
        "amount_fen": Field(RefundPayout.amount_fen),
    },
)


def gone() -> ColumnElement[int]:
    """Return the expression of what has left a payment: by payouts that stand, and to other orders."""
    back = select(func.coalesce(func.sum(RefundPayout.amount_fen), 0)).where(
        RefundPayout.institution_id == Payment.institution_id,
        RefundPayout.payment_id == Payment.id,
        RefundPayout.state != "failed",
    )
    made = aliased(Payment)
    applied = select(func.coalesce(func.sum(made.amount_fen), 0)).where(
        made.institution_id == Payment.institution_id, made.origin_payment_id == Payment.id
    )
    return back.scalar_subquery() + applied.scalar_subquery()


def sources(tx: Tx, order_id: UUID, *, applied: bool) -> list[Source]:
    """Return the payments of an order, the latest first, each with what has not gone back to it yet."""
    query = (
        select(Payment.id, Payment.method, Payment.amount_fen - gone())
        .where(Payment.order_id == order_id, Payment.state == ("applied" if applied else "unapplied"))
        .order_by(Payment.receive_time.desc(), Payment.id.desc())
    )
    # Orders of the child at campuses that the caller does not see took what they took all the same.
    with tx.across_campuses():
        return [Source(key, method, int(left)) for key, method, left in tx.execute(query)]


def open_for(tx: Tx, refund: Refund) -> list[postings.Line]:
    """Make the payouts of a refund that was just approved; one that gives nothing is paid at once.

    What a wallet had paid is back in it at once: returns what the books say of that.
    """
    known = sources(tx, refund.order_id, applied=refund.cause != rules.OVERPAYMENT)
    rows = [
        _row(refund, each.payment_id, each.method, each.amount_fen)
        for each in spread(refund.amount_fen, known, beside_fen=refund.interest_fen)
    ]
    tx.session.add_all(rows)
    tx.session.flush()
    lines: list[postings.Line] = []
    for row in rows:
        if row.method == wallets.METHOD:
            row.state, row.done_time = "succeeded", tx.now
            lines += postings.wallet_return(row.campus_id, wallets.give_back(tx, row))
            lines += custody.give_back(tx, refund.order_id, row.amount_fen, row.id)
    tx.session.flush()
    _finish(tx, refund)
    return lines


def of_refunds(tx: Tx, refund_ids: Sequence[UUID]) -> dict[UUID, list[RefundPayout]]:
    """Return the payouts of refunds, the oldest first."""
    query = select(RefundPayout).where(RefundPayout.refund_id.in_(refund_ids)).order_by(RefundPayout.id)
    rows: dict[UUID, list[RefundPayout]] = {refund_id: [] for refund_id in refund_ids}
    for row in tx.session.scalars(query):
        rows[row.refund_id].append(row)
    return rows


def settle(tx: Tx, payout_id: UUID, *, succeeded: bool, failure: str = "") -> RefundPayout:
    """Note how a payout ended; money that has left is posted, and the last one makes the refund paid.

    Refuses a payout that has ended. A failed one counts no longer against its payment: `redirect` it.
    """
    row = _open(tx, payout_id)
    row.state, row.failure = ("succeeded", "") if succeeded else ("failed", failure)
    row.confirm_staff_id = tx.caller.subject_id if tx.caller.kind == "staff" else None
    row.done_time = tx.now
    tx.session.flush()
    refund = tx.load(Refund, "refund", row.refund_id)
    if succeeded:
        supervised = custody.give_back(tx, refund.order_id, row.amount_fen, row.id)
        ledger.post(
            tx,
            kind="refund_payout",
            source_id=row.id,
            campus_id=row.campus_id,
            lines=postings.merge([*postings.payout(row.campus_id, row.amount_fen), *supervised]),
            post_date=rulebooks.load(tx).day(row.campus_id, tx.now),
        )
    _finish(tx, refund)
    return row


def redirect(tx: Tx, payout_id: UUID, *, method: str) -> RefundPayout:
    """Pay what a failed payout did not bring back in another way, once; it counts against the same payment."""
    row = tx.load(RefundPayout, "refund_payout", payout_id)
    refund = tx.load(Refund, "refund", row.refund_id, for_update=True)
    row = tx.load(RefundPayout, "refund_payout", payout_id, for_update=True)
    if row.state != "failed" or row.redirect_time is not None:
        raise Refused("REFUND_PAYOUT_NOT_FAILED", f"the payout is {row.state}", state=row.state)
    row.redirect_time = tx.now
    fresh = _row(refund, row.payment_id, method, row.amount_fen)
    tx.session.add(fresh)
    tx.session.flush()
    return fresh


def _open(tx: Tx, payout_id: UUID) -> RefundPayout:
    row = tx.load(RefundPayout, "refund_payout", payout_id)
    # Payouts of one refund end one after the other, so that the last one is seen to be the last.
    tx.load(Refund, "refund", row.refund_id, for_update=True)
    row = tx.load(RefundPayout, "refund_payout", payout_id, for_update=True)
    if row.state not in {"pending", "sent"}:
        raise Refused("REFUND_PAYOUT_ENDED", f"the payout has {row.state}", state=row.state)
    return row


def _finish(tx: Tx, refund: Refund) -> None:
    """Make a refund paid once all of it has left."""
    left = func.sum(RefundPayout.amount_fen).filter(RefundPayout.state == "succeeded")
    paid = int(tx.scalar(select(left).where(RefundPayout.refund_id == refund.id)) or 0)
    if paid < refund.amount_fen + refund.interest_fen:
        return
    refund.state, refund.pay_time = "paid", tx.now
    tx.session.flush()
    # No sale: money above an order, an order that a transfer made, one that thanks for a referral.
    order = tx.load(Order, "order", refund.order_id)
    if refund.cause != rules.OVERPAYMENT and order.transfer_id is None and order.referral_id is None:
        publish(tx, _event(refund, tx.now))


def _row(refund: Refund, payment_id: UUID | None, method: str, amount_fen: int) -> RefundPayout:
    return RefundPayout(
        campus_id=refund.campus_id,
        refund_id=refund.id,
        payment_id=payment_id,
        method=method,
        amount_fen=amount_fen,
        state="pending",
        provider_refund_id="",
        failure="",
        poll_count=0,
    )


def _event(refund: Refund, pay_time: datetime) -> RefundPaid:
    return RefundPaid(
        refund_id=str(refund.id),
        order_id=str(refund.order_id),
        customer_id=str(refund.customer_id),
        campus_id=str(refund.campus_id),
        amount_fen=refund.amount_fen,
        pay_time=pay_time,
    )
