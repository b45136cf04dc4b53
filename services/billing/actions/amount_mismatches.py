"""Amounts of contracts, orders and payments that do not agree: found on write and daily, blocking until seen to.

A difference that somebody accepted is not found again as long as its two amounts stay what they were.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from services.billing.models import AmountMismatch, Order
from shared.db import Tx
from shared.errors import Refused
from shared.listing import Field, Listing

LISTING: Listing[AmountMismatch] = Listing(
    AmountMismatch,
    fields={
        "contract_id": Field(AmountMismatch.contract_id),
        "order_id": Field(AmountMismatch.order_id, sortable=False),
        "campus_id": Field(AmountMismatch.campus_id),
        "kind": Field(AmountMismatch.kind, prefix="AMOUNT_MISMATCH_KIND_", sortable=False),
        "state": Field(AmountMismatch.state, prefix="AMOUNT_MISMATCH_STATE_"),
        "create_time": Field(AmountMismatch.create_time),
    },
    default_order="create_time desc",
)
_OF = {True: "{0}.{1} = %(contract)s", False: "true"}
# Orders that transfers and referrals made stand under the contract beside the one that was sold.
_SOLD = "o.transfer_id is null and o.referral_id is null"
_FOUND = """
select 'quote_total' as kind, c.campus_id, c.owner_id, c.id as contract_id, null::uuid as order_id,
  q.total_fen as expected_fen, c.total_fen as found_fen
from contract c join quote q on q.institution_id = c.institution_id and q.id = c.quote_id
where {contract} and q.total_fen <> c.total_fen
union all
select 'paper_total', c.campus_id, c.owner_id, c.id, null, c.total_fen, p.total_fen
from contract c join lateral (select total_fen from paper_contract p
    where p.institution_id = c.institution_id and p.contract_id = c.id order by version desc limit 1) p on true
where {contract} and p.total_fen <> c.total_fen
union all
select 'order_total', o.campus_id, o.owner_id, o.contract_id, o.id, c.total_fen, o.total_fen
from sales_order o join contract c on c.institution_id = o.institution_id and c.id = o.contract_id
where {order} and {sold} and o.total_fen <> c.total_fen
union all
select 'line_total', o.campus_id, o.owner_id, o.contract_id, o.id, o.total_fen, sum(l.net_fen)::bigint
from sales_order o join order_line l on l.institution_id = o.institution_id and l.order_id = o.id
where {order} and {sold} group by o.institution_id, o.id having sum(l.net_fen) <> o.total_fen
union all
select 'plan_total', o.campus_id, o.owner_id, o.contract_id, o.id, o.total_fen, sum(i.amount_fen)::bigint
from sales_order o join instalment i on i.institution_id = o.institution_id and i.order_id = o.id
where {order} group by o.institution_id, o.id having sum(i.amount_fen) <> o.total_fen
union all
select 'payment_total', o.campus_id, o.owner_id, o.contract_id, o.id, o.paid_fen, coalesce(sum(p.amount_fen), 0)::bigint
from sales_order o left join payment p on p.institution_id = o.institution_id and p.order_id = o.id
  and p.state = 'applied'
where {order} group by o.institution_id, o.id having coalesce(sum(p.amount_fen), 0) <> o.paid_fen"""
_CLEAR = """
with found as ({found})
update amount_mismatch m set state = 'cleared', resolve_time = %(now)s, update_time = %(now)s
where m.institution_id = %(institution)s and m.state = 'open' and {mismatch} and not exists (
  select from found f where f.kind = m.kind and f.contract_id = m.contract_id
    and f.order_id is not distinct from m.order_id and f.expected_fen = m.expected_fen and f.found_fen = m.found_fen)"""
_OPEN = """
with found as ({found})
insert into amount_mismatch (institution_id, id, create_time, update_time, campus_id, owner_id, kind, contract_id,
  order_id, expected_fen, found_fen, state, reason)
select %(institution)s, gen_random_uuid(), %(now)s, %(now)s, f.campus_id, f.owner_id, f.kind, f.contract_id,
  f.order_id, f.expected_fen, f.found_fen, 'open', ''
from found f
where not exists (select from amount_mismatch m where m.institution_id = %(institution)s and m.state <> 'cleared'
  and m.contract_id = f.contract_id and m.kind = f.kind and m.order_id is not distinct from f.order_id
  and m.expected_fen = f.expected_fen and m.found_fen = f.found_fen)
on conflict do nothing"""


def check(tx: Tx, contract_id: UUID) -> None:
    """Compare the amounts of a contract that was just written."""
    _compare(tx, contract_id)


def check_all(tx: Tx) -> None:
    """Compare the amounts of all contracts of the institution."""
    _compare(tx, None)


def get(tx: Tx, amount_mismatch_id: UUID, *, for_update: bool = False) -> AmountMismatch:
    """Return a mismatch within reach."""
    return tx.load(AmountMismatch, "amount_mismatch", amount_mismatch_id, for_update=for_update)


def check_takes_money(tx: Tx, order: Order) -> None:
    """Raise Refused AMOUNT_MISMATCH_OPEN with the figures while amounts of the order's contract do not agree."""
    query = select(AmountMismatch).where(
        AmountMismatch.contract_id == order.contract_id, AmountMismatch.state == "open"
    )
    row = tx.session.scalars(query.order_by(AmountMismatch.create_time).limit(1)).first()
    if row is not None:
        raise Refused(
            "AMOUNT_MISMATCH_OPEN",
            f"{row.kind}: {row.expected_fen} fen are expected, {row.found_fen} were found",
            kind=row.kind,
            expected_fen=row.expected_fen,
            found_fen=row.found_fen,
            amount_mismatch_id=str(row.id),
        )


def _compare(tx: Tx, contract_id: UUID | None) -> None:
    one = _OF[contract_id is not None]
    found = _FOUND.format(contract=one.format("c", "id"), order=one.format("o", "contract_id"), sold=_SOLD)
    values = {"institution": tx.institution_id, "now": tx.now, "contract": contract_id}
    tx.session.flush()
    tx.run(_CLEAR.format(found=found, mismatch=one.format("m", "contract_id")), values)
    tx.run(_OPEN.format(found=found), values)
