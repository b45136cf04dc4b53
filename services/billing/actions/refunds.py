"""Money given back: previewed, requested, approved and paid. All that is left of an order goes back at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, select

from lianxiao.billing.v1.billing_events_pb2 import RefundPaid
from services.billing.actions import contracts, ledger, lots, orders, rulebooks, splits
from services.billing.models import Lot, LotEntry, Order, OrderLine, Refund
from services.billing.rules import postings
from services.billing.rules.postings import NOBODY
from services.billing.rules.quotes import hours_value
from services.billing.rules.refunds import Figures, RefundLine, compute, total
from shared.db import Tx
from shared.errors import AlreadyExists, Conflict, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

_PAY = """
update sales_order set refunded_fen = refunded_fen + %(amount)s, state = 'refunded', update_time = %(now)s
where institution_id = %(institution)s and id = %(order)s and refunded_fen + %(amount)s <= paid_fen
returning true"""
LISTING: Listing[Refund] = Listing(
    Refund,
    fields={
        "order_id": Field(Refund.order_id),
        "customer_id": Field(Refund.customer_id, aliased=True),
        "campus_id": Field(Refund.campus_id),
        "state": Field(Refund.state, prefix="REFUND_STATE_"),
        "create_time": Field(Refund.create_time),
        "amount_fen": Field(Refund.amount_fen),
    },
)


def preview(tx: Tx, order_id: UUID, *, basis: str, fee_fen: int) -> tuple[Order, Figures, tuple[RefundLine, ...]]:
    """Say what would be given back, line by line."""
    order = orders.get(tx, order_id)
    figures = _figures(tx, order)
    return order, figures, compute(figures, basis=basis, fee_fen=fee_fen)


def request(tx: Tx, order_id: UUID, *, basis: str, fee_fen: int, reason: str) -> Refund:
    """Ask for a refund; the figures are shown again when it is approved."""
    order, _, lines = preview(tx, order_id, basis=basis, fee_fen=fee_fen)
    refund = Refund(
        order_id=order.id,
        customer_id=order.customer_id,
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        basis=basis,
        fee_fen=fee_fen,
        lines={"lines": [_to_json(line) for line in lines]},
        amount_fen=total(lines),
        state="requested",
        reason=reason,
        request_staff_id=tx.caller.subject_id,
    )
    with tx.translating({"uq_refund_pending": lambda: _pending(order_id)}):
        tx.session.add(refund)
    return refund


def get(tx: Tx, refund_id: UUID, *, for_update: bool = False) -> Refund:
    """Return a refund within reach."""
    return tx.load(Refund, "refund", refund_id, for_update=for_update)


def approve(tx: Tx, refund_id: UUID) -> Refund:
    """Pay a refund: close the lots, take cash splits back, post the journal.

    Refuses figures that have changed since the request: whoever approves has seen what the family gets.
    """
    refund = get(tx, refund_id, for_update=True)
    if refund.state != "requested":
        raise Refused("REFUND_NOT_REQUESTED", f"the refund is {refund.state}", state=refund.state)
    order = orders.get(tx, refund.order_id, for_update=True)
    # The books of other campuses and of headquarters change too; from here on it is the institution that acts.
    tx.enter(tx.institution_id)
    held = lots.of_order_for_update(tx, order.id)
    lines = compute(_figures(tx, order), basis=refund.basis, fee_fen=refund.fee_fen)
    if total(lines) != refund.amount_fen:
        raise Refused(
            "REFUND_OUTDATED",
            f"{refund.amount_fen} fen were requested, {total(lines)} fen are due now",
            requested_fen=refund.amount_fen,
            due_fen=total(lines),
        )
    _pay(tx, refund, order, held)
    refund.state = "paid"
    refund.approve_staff_id = tx.caller.subject_id
    refund.pay_time = tx.now
    tx.session.flush()
    publish(tx, _event(refund, tx.now))
    return refund


def _pay(tx: Tx, refund: Refund, order: Order, held: Sequence[Lot]) -> None:
    taken = splits.cash_to_take_back(tx, order.id, refund.amount_fen, order.paid_fen - order.refunded_fen)
    values = [(lot.id, lot.total_fen - lot.released_fen) for lot in held]
    # Before the lots are open the liability stands at the order.
    values = values or [(NOBODY, order.paid_fen)]
    left = sum(value for _, value in values)
    _close(tx, refund, held)
    keys = {"amount": refund.amount_fen, "now": tx.now, "institution": tx.institution_id, "order": order.id}
    if not tx.run(_PAY, keys).scalar():
        raise Conflict("REFUND_ABOVE_PAID", "more would go back than was paid")
    splits.record(tx, taken, source_kind="refund", source_id=refund.id)
    ledger.post(
        tx,
        kind="refund",
        source_id=refund.id,
        campus_id=order.campus_id,
        lines=postings.refund(
            order.campus_id,
            values=values,
            amount_fen=refund.amount_fen,
            fee_fen=min(refund.fee_fen, left - refund.amount_fen),
            parts=[entry.part for entry in taken],
        ),
        post_date=rulebooks.load(tx).day(order.campus_id, tx.now),
    )


def _close(tx: Tx, refund: Refund, held: Sequence[Lot]) -> None:
    entries = [
        {
            "id": str(uuid7()),
            "campus_id": str(lot.campus_id),
            "lot_id": str(lot.id),
            "hundredths": lot.remaining_hundredths,
            "amount_fen": lot.total_fen - lot.released_fen,
            "reverses_id": None,
            "explanation": f"closed by a refund at the {refund.basis.replace('_', ' ')}",
        }
        for lot in held
        if lot.remaining_hundredths
    ]
    values: dict[str, object] = {"institution": tx.institution_id, "now": tx.now, "source": refund.id}
    if entries:
        closing = {"entry_kind": "refund", "entries": json.dumps(entries)}
        tx.run(f"{lots.TAKE_SQL}; {lots.ENTRIES_SQL}", values | closing)


def _figures(tx: Tx, order: Order) -> Figures:
    contract = contracts.get(tx, order.contract_id)
    rules = rulebooks.load(tx)
    by_line, closed = _used(tx, order.id)
    hours = sum(hundredths for _, hundredths in by_line.values())
    lines: dict[UUID, OrderLine] = {line.id: line for line in orders.lines_of(tx, order.id)}
    return Figures(
        paid_fen=order.paid_fen,
        closed_fen=closed if order.activate_time else _closed_unopened(order),
        consumed_fen=sum(amount for amount, _ in by_line.values()),
        consumed_list_fen=sum(hours_value(used, lines[key].unit_price_fen) for key, (_, used) in by_line.items()),
        consumed_hundredths=hours,
        sign_date=rules.day(order.campus_id, contract.sign_time or tx.now),
        today=rules.day(order.campus_id, tx.now),
    )


def _closed_unopened(order: Order) -> int:
    """Return what refunds closed of an order that never had lots: all of it or nothing."""
    return order.paid_fen if order.state == "refunded" else 0


def _used(tx: Tx, order_id: UUID) -> tuple[dict[UUID, tuple[int, int]], int]:
    """Return what attendances took, as {order line: (fen, hundredths)}, and the fen that earlier refunds closed."""
    is_refund = LotEntry.kind == "refund"

    def figure(value: Any, *, refund: bool) -> Any:
        return func.sum(case((is_refund if refund else ~is_refund, value), else_=0))

    query = (
        select(
            Lot.order_line_id,
            figure(LotEntry.amount_fen, refund=False),
            figure(LotEntry.hundredths, refund=False),
            figure(LotEntry.amount_fen, refund=True),
        )
        .join(Lot, (Lot.institution_id == LotEntry.institution_id) & (Lot.id == LotEntry.lot_id))
        .where(Lot.order_id == order_id)
        .group_by(Lot.order_line_id)
    )
    rows: list[Any] = list(tx.execute(query))
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}, sum(int(row[3]) for row in rows)


def _to_json(line: RefundLine) -> dict[str, object]:
    return {"kind": line.kind, "amount_fen": line.amount_fen, "explanation": line.explanation}


def _pending(order_id: UUID) -> AlreadyExists:
    return AlreadyExists("REFUND_PENDING", "a refund of the order waits for approval", order_id=str(order_id))


def _event(refund: Refund, pay_time: datetime) -> RefundPaid:
    return RefundPaid(
        refund_id=str(refund.id),
        order_id=str(refund.order_id),
        customer_id=str(refund.customer_id),
        campus_id=str(refund.campus_id),
        amount_fen=refund.amount_fen,
        pay_time=pay_time,
    )
