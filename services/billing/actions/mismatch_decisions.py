"""Differences that somebody accepts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.billing.actions import amount_mismatches, orders
from services.billing.models import AmountMismatch, Order
from shared.db import Tx
from shared.errors import Refused


def resolve(tx: Tx, amount_mismatch_id: UUID, *, reason: str) -> AmountMismatch:
    """Accept a difference; an order that costs nothing and waited for this alone is active then.

    Raises Refused AMOUNT_MISMATCH_CLOSED when it is open no more.
    """
    row = amount_mismatches.get(tx, amount_mismatch_id, for_update=True)
    if row.state != "open":
        raise Refused("AMOUNT_MISMATCH_CLOSED", f"the mismatch is {row.state}", state=row.state)
    row.state, row.reason = "resolved", reason
    row.resolve_staff_id, row.resolve_time = tx.caller.subject_id, tx.now
    tx.session.flush()
    tx.audit(
        "amount_mismatch.resolved",
        "contract",
        row.contract_id,
        mismatch=row.kind,
        expected_fen=row.expected_fen,
        found_fen=row.found_fen,
    )
    free = select(Order.id).where(Order.contract_id == row.contract_id, Order.total_fen == 0, Order.state == "open")
    for order_id in tx.session.scalars(free).all():
        orders.activate_free(tx, order_id)
    return row
