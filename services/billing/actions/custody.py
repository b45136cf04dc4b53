"""What goes through custody: each payment in, refunds out first, hours that move take their money along.

Each function keeps the entries and returns the lines that the caller posts with its own. I20: what is in custody of an
order is never less than what its hours are still worth.
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import custody_accounts
from services.billing.models import CustodyEntry, CustodyOrder, Order
from services.billing.rules import custody
from services.billing.rules.postings import Line
from shared.db import Tx
from shared.ids import uuid7

# What the hours of an order are still worth, and what was earned of it and has not left custody yet.
_WORTH = """
select greatest(0, o.paid_fen - coalesce(sum(l.released_fen), 0))::bigint as unearned_fen,
  coalesce(sum((select sum(e.amount_fen) from lot_entry e where e.institution_id = l.institution_id and e.lot_id = l.id
    and e.kind = any(%(kinds)s) and not exists (select from custody_release_item i join custody_release r
      on r.institution_id = i.institution_id and r.id = i.release_id and r.state = 'paid'
      where i.institution_id = e.institution_id and i.lot_entry_id = e.id))), 0)::bigint as earned_fen
from sales_order o left join lot l on l.institution_id = o.institution_id and l.order_id = o.id
where o.institution_id = %(institution)s and o.id = %(order)s group by o.paid_fen"""


class Worth(NamedTuple):
    """Of the money of an order, in fen: what its hours are worth, and what was earned and is still in custody."""

    unearned_fen: int
    earned_fen: int


def receive(tx: Tx, order: Order, amount_fen: int, source_id: UUID) -> list[Line]:
    """Put what was paid for an order into custody if it is supervised: from its first payment on, or not at all."""
    if not amount_fen:
        return []
    row = _of(tx, order.id)
    if row is None:
        account_id = custody_accounts.of_order(tx, order) if order.paid_fen == amount_fen else None
        if account_id is None:
            return []
        row = CustodyOrder(campus_id=order.campus_id, account_id=account_id, order_id=order.id, balance_fen=0)
    return _move(tx, row, "deposit", amount_fen, source_id)


def give_back(tx: Tx, order_id: UUID, amount_fen: int, source_id: UUID) -> list[Line]:
    """Take out what goes back to a family or along with hours, custody first, as far as the order has it free."""
    row = _of(tx, order_id)
    if row is None:
        return []
    left = worth(tx, order_id)
    free = custody.free(row.balance_fen, unearned_fen=left.unearned_fen, earned_fen=left.earned_fen)
    amount = min(amount_fen, free)
    return _move(tx, row, "return", -amount, source_id) if amount else []


def undo(tx: Tx, source_id: UUID) -> None:
    """Mirror what a transfer moved; its journal is mirrored as a whole by the caller."""
    made = (CustodyEntry.source_id == source_id, CustodyEntry.kind != "undo")
    query = select(CustodyEntry).where(CustodyEntry.institution_id == tx.institution_id, *made)
    for entry in tx.session.scalars(query.order_by(CustodyEntry.order_id)).all():
        row = _of(tx, entry.order_id) if entry.order_id else None
        if row is not None:
            _move(tx, row, "undo", -entry.amount_fen, source_id)


def worth(tx: Tx, order_id: UUID) -> Worth:
    """Return what an order's money in custody is for."""
    values = {"institution": str(tx.institution_id), "order": str(order_id), "kinds": list(custody.EARNED)}
    return Worth._make(tx.run(_WORTH, values).one())


def _of(tx: Tx, order_id: UUID) -> CustodyOrder | None:
    query = select(CustodyOrder).where(
        CustodyOrder.institution_id == tx.institution_id, CustodyOrder.order_id == order_id
    )
    return tx.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _move(tx: Tx, row: CustodyOrder, kind: str, amount_fen: int, source_id: UUID) -> list[Line]:
    row.balance_fen += amount_fen
    entry = CustodyEntry(
        id=uuid7(),
        campus_id=row.campus_id,
        account_id=row.account_id,
        order_id=row.order_id,
        kind=kind,
        amount_fen=amount_fen,
        source_id=source_id,
        reference="",
    )
    tx.session.add_all([row, entry])
    tx.session.flush()
    return custody.moved(row.account_id, row.campus_id, amount_fen)
