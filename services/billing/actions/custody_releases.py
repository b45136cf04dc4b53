"""What banks are asked to release out of custody, in step with lessons, and that they did."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.billing.actions import custody_accounts, ledger, rulebooks
from services.billing.models import CustodyEntry, CustodyOrder, CustodyRelease, CustodyReleaseItem
from services.billing.rules import custody, postings
from services.billing.rules.custody import Earned, FileRow, Plan
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

MADE, PAID, CANCELLED = "made", "paid", "cancelled"
_DUE = """
select e.id, l.order_id, e.kind, e.hundredths, e.amount_fen
from custody_order c
  join lot l on l.institution_id = c.institution_id and l.order_id = c.order_id
  join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
where c.institution_id = %(institution)s and c.account_id = %(account)s and e.kind = any(%(kinds)s)
  and e.amount_fen <> 0 and not exists (select from custody_release_item i
    where i.institution_id = e.institution_id and i.lot_entry_id = e.id and not i.cancelled)
order by e.create_time, e.id"""
# Orders that owe nobody anything any more: no hours of worth, no refund on its way.
_ENDED = """
select c.order_id from custody_order c
  join sales_order o on o.institution_id = c.institution_id and o.id = c.order_id
where c.institution_id = %(institution)s and c.account_id = %(account)s and c.balance_fen > 0
  and o.paid_fen <= coalesce((select sum(l.released_fen) from lot l
    where l.institution_id = o.institution_id and l.order_id = o.id), 0)
  and not exists (select from refund r where r.institution_id = o.institution_id and r.order_id = o.id
    and r.state in ('requested', 'approved'))"""
_STORE = """
insert into custody_release_item (institution_id, id, create_time, update_time, campus_id, release_id, order_id,
  lot_entry_id, kind, hundredths, amount_fen, cancelled)
select %(institution)s, r.id, %(now)s, %(now)s, r.campus_id, %(release)s, r.order_id, r.lot_entry_id, r.kind,
  r.hundredths, r.amount_fen, false
from jsonb_to_recordset(%(rows)s::jsonb) as r (id uuid, campus_id uuid, order_id uuid, lot_entry_id uuid, kind text,
  hundredths bigint, amount_fen bigint)"""
_ROWS = """
select i.order_id, l.student_id, l.course_id, i.campus_id, i.kind, i.hundredths, l.total_fen, l.quantity_hundredths,
  i.amount_fen, coalesce(e.create_time, i.create_time) as time, i.lot_entry_id
from custody_release_item i
  left join lot_entry e on e.institution_id = i.institution_id and e.id = i.lot_entry_id
  left join lot l on l.institution_id = e.institution_id and l.id = e.lot_id
where i.institution_id = %(institution)s and i.release_id = %(release)s order by i.id"""
LISTING: Listing[CustodyRelease] = Listing(
    CustodyRelease,
    fields={
        "custody_account_id": Field(CustodyRelease.account_id, sortable=False),
        "state": Field(CustodyRelease.state, prefix="CUSTODY_RELEASE_STATE_", sortable=False),
        "create_time": Field(CustodyRelease.create_time),
    },
)
ENTRIES: Listing[CustodyEntry] = Listing(
    CustodyEntry,
    fields={
        "custody_account_id": Field(CustodyEntry.account_id, sortable=False),
        "order_id": Field(CustodyEntry.order_id, sortable=False),
        "source_id": Field(CustodyEntry.source_id, sortable=False),
        "campus_id": Field(CustodyEntry.campus_id, sortable=False),
        "kind": Field(CustodyEntry.kind, prefix="CUSTODY_ENTRY_KIND_", sortable=False),
        "create_time": Field(CustodyEntry.create_time),
        "amount_fen": Field(CustodyEntry.amount_fen),
    },
)


def make(tx: Tx, account_id: UUID) -> CustodyRelease:
    """Cite all that was earned of an account's orders and not released yet.

    Raises NotFound, CHAIN_SCOPE_NEEDED, CUSTODY_MODE_WRONG, CUSTODY_RELEASE_OPEN, CUSTODY_NOTHING_DUE.
    """
    # Releases of an account are made and finished one after the other.
    account = custody_accounts.get(tx, account_id, for_update=True)
    if account.mode != custody.RELEASE:
        raise Refused("CUSTODY_MODE_WRONG", "nothing is released out of a risk deposit", mode=account.mode)
    is_open = (CustodyRelease.account_id == account_id, CustodyRelease.state == MADE)
    waiting = tx.session.scalars(select(CustodyRelease.id).where(*is_open)).one_or_none()
    if waiting is not None:
        raise Refused("CUSTODY_RELEASE_OPEN", "the last file waits for the bank", custody_release_id=str(waiting))
    orders = {row.order_id: row for row in _orders(tx, account_id)}
    planned = custody.plan(_due(tx, account_id), {key: row.balance_fen for key, row in orders.items()})
    cited = [*planned.cited, *_rests(tx, account_id, orders, planned)]
    if not cited:
        raise Refused("CUSTODY_NOTHING_DUE", "nothing was earned since the last file", waiting_fen=planned.waiting_fen)
    release = CustodyRelease(
        id=uuid7(),
        campus_id=account.campus_id,
        account_id=account_id,
        state=MADE,
        amount_fen=sum(each.amount_fen for each in cited),
        item_count=len(cited),
        waiting_fen=planned.waiting_fen,
        bank_reference="",
        make_staff_id=tx.caller.subject_id,
    )
    tx.session.add(release)
    tx.session.flush()
    _store(tx, release, cited, orders)
    return release


def confirm(tx: Tx, release_id: UUID, *, bank_reference: str) -> CustodyRelease:
    """Post what the bank has paid; raises NotFound, CUSTODY_RELEASE_FINISHED, CUSTODY_SHORT."""
    release = _open(tx, release_id)
    sums: defaultdict[UUID, int] = defaultdict(int)
    items = select(CustodyReleaseItem.order_id, CustodyReleaseItem.amount_fen)
    for order_id, amount in tx.execute(items.where(CustodyReleaseItem.release_id == release_id)):
        sums[order_id] += amount
    lines: list[postings.Line] = []
    for row in _orders(tx, release.account_id):
        amount = sums.get(row.order_id, 0)
        if amount:
            lines += _release(tx, row, release, amount)
    release.state, release.bank_reference = PAID, bank_reference
    release.finish_staff_id, release.finish_time = tx.caller.subject_id, tx.now
    tx.session.flush()
    if lines:
        campus_id = release.campus_id or min(line.campus_id for line in lines)
        ledger.post(
            tx,
            kind="custody_release",
            source_id=release.id,
            campus_id=campus_id,
            lines=postings.merge(lines),
            post_date=rulebooks.load(tx).day(campus_id, tx.now),
        )
    return release


def cancel(tx: Tx, release_id: UUID) -> CustodyRelease:
    """Take a file back that the bank will not pay; raises NotFound, CUSTODY_RELEASE_FINISHED."""
    release = _open(tx, release_id)
    release.state, release.finish_time = CANCELLED, tx.now
    release.finish_staff_id = tx.caller.subject_id
    mine = (CustodyReleaseItem.institution_id == tx.institution_id, CustodyReleaseItem.release_id == release_id)
    tx.execute(update(CustodyReleaseItem).where(*mine).values(cancelled=True, update_time=tx.now))
    tx.session.flush()
    return release


def get(tx: Tx, release_id: UUID) -> CustodyRelease:
    """Return a release; raises NotFound."""
    return tx.load(CustodyRelease, "custody_release", release_id)


def rows(tx: Tx, release_id: UUID) -> list[FileRow]:
    """Return the lines of a release's file; raises NotFound."""
    get(tx, release_id)
    found = tx.run(_ROWS, {"institution": str(tx.institution_id), "release": str(release_id)})
    return [_file_row(row) for row in found]


def _file_row(row: Any) -> FileRow:
    price = Decimal(row.total_fen * 100) / row.quantity_hundredths if row.quantity_hundredths else Decimal(0)
    return FileRow(
        order_id=row.order_id,
        student_id=row.student_id,
        course_id=row.course_id,
        campus_id=row.campus_id,
        kind=row.kind,
        hundredths=row.hundredths,
        unit_price_fen=price,
        amount_fen=row.amount_fen,
        time=row.time,
        lot_entry_id=row.lot_entry_id,
    )


def _orders(tx: Tx, account_id: UUID) -> Sequence[CustodyOrder]:
    query = select(CustodyOrder).where(
        CustodyOrder.institution_id == tx.institution_id, CustodyOrder.account_id == account_id
    )
    locked = query.order_by(CustodyOrder.order_id).with_for_update().execution_options(populate_existing=True)
    return tx.session.scalars(locked).all()


def _due(tx: Tx, account_id: UUID) -> list[Earned]:
    values = {"institution": str(tx.institution_id), "account": str(account_id), "kinds": list(custody.EARNED)}
    return [Earned(*row) for row in tx.run(_DUE, values)]


def _rests(tx: Tx, account_id: UUID, orders: dict[UUID, CustodyOrder], planned: Plan) -> list[Earned]:
    waiting = {each.order_id for each in planned.waiting}
    left = {key: row.balance_fen for key, row in orders.items() if key not in waiting}
    for each in planned.cited:
        if each.order_id in left:
            left[each.order_id] -= each.amount_fen
    ended = tx.run(_ENDED, {"institution": str(tx.institution_id), "account": str(account_id)})
    return [Earned(None, row.order_id, custody.REST, 0, left[row.order_id]) for row in ended if left.get(row.order_id)]


def _store(tx: Tx, release: CustodyRelease, cited: Sequence[Earned], orders: dict[UUID, CustodyOrder]) -> None:
    rows = [
        {
            "id": str(uuid7()),
            "campus_id": str(orders[each.order_id].campus_id),
            "order_id": str(each.order_id),
            "lot_entry_id": str(each.lot_entry_id) if each.lot_entry_id else None,
            "kind": each.kind,
            "hundredths": each.hundredths,
            "amount_fen": each.amount_fen,
        }
        for each in cited
    ]
    values = {"institution": str(tx.institution_id), "now": tx.now, "release": str(release.id)}
    tx.run(_STORE, values | {"rows": json.dumps(rows)})


def _open(tx: Tx, release_id: UUID) -> CustodyRelease:
    release = get(tx, release_id)
    custody_accounts.get(tx, release.account_id, for_update=True)
    release = tx.load(CustodyRelease, "custody_release", release_id, for_update=True)
    if release.state != MADE:
        raise Refused("CUSTODY_RELEASE_FINISHED", f"the release is {release.state}", state=release.state)
    return release


def _release(tx: Tx, row: CustodyOrder, release: CustodyRelease, amount_fen: int) -> list[postings.Line]:
    if row.balance_fen < amount_fen:
        raise Refused(
            "CUSTODY_SHORT",
            f"the order has {row.balance_fen} fen in custody, the file says {amount_fen}; cancel it and make another",
            balance_fen=row.balance_fen,
            amount_fen=amount_fen,
            order_id=str(row.order_id),
        )
    row.balance_fen -= amount_fen
    entry = CustodyEntry(campus_id=row.campus_id, account_id=row.account_id, order_id=row.order_id, kind="release")
    entry.amount_fen, entry.source_id, entry.reference = -amount_fen, release.id, ""
    tx.session.add(entry)
    return custody.moved(row.account_id, row.campus_id, -amount_fen)
