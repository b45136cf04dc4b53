"""What families owe at the end of a day: computed from orders, plans and payments, so that any day can be asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import any_, bindparam, cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from services.billing.actions import orders
from services.billing.models import Order
from services.billing.rules.receivables import Buckets, Receivable
from shared.db import Tx
from shared.errors import Refused
from shared.listing import ListRequest

_MOST = 20_000
# A refund of all that is left ends what is owed; of several plans the last one counts.
_OPEN = """
with asked as (
  select s.id, s.customer_id, s.campus_id, s.owner_id, s.total_fen, c.time_zone,
    (s.create_time at time zone c.time_zone)::date as made,
    (select coalesce(sum(p.amount_fen), 0) from payment p where p.institution_id = s.institution_id
      and p.order_id = s.id and p.state = 'applied'
      and (p.receive_time at time zone c.time_zone)::date <= %(day)s)::bigint as paid_fen
  from sales_order s join campus c on c.institution_id = s.institution_id and c.id = s.campus_id
  where s.institution_id = %(institution)s and (s.create_time at time zone c.time_zone)::date <= %(day)s
    and not (s.state = 'refunded' and exists (select from refund r where r.institution_id = s.institution_id
      and r.order_id = s.id and r.state in ('approved', 'paid') and r.cause <> 'overpayment'
      and (r.approve_time at time zone c.time_zone)::date <= %(day)s))),
plan as (
  select i.order_id, i.due_date, i.amount_fen, i.cumulative_fen
  from instalment i join asked a on a.id = i.order_id where i.institution_id = %(institution)s
    and i.create_time = (select max(l.create_time) from instalment l
      where l.institution_id = i.institution_id and l.order_id = i.order_id)),
due as (
  select a.id, %(day)s - p.due_date as late,
    least(p.amount_fen, greatest(0, p.cumulative_fen - a.paid_fen)) as open_fen
  from asked a join plan p on p.order_id = a.id
  union all
  select a.id, %(day)s - a.made, a.total_fen - a.paid_fen from asked a
  where not exists (select from plan p where p.order_id = a.id))
select a.id, a.customer_id, a.campus_id, a.owner_id, a.total_fen, a.paid_fen,
  coalesce(sum(d.open_fen) filter (where d.late <= 0), 0)::bigint as not_due,
  coalesce(sum(d.open_fen) filter (where d.late between 1 and 30), 0)::bigint as to_30,
  coalesce(sum(d.open_fen) filter (where d.late between 31 and 60), 0)::bigint as to_60,
  coalesce(sum(d.open_fen) filter (where d.late between 61 and 90), 0)::bigint as to_90,
  coalesce(sum(d.open_fen) filter (where d.late > 90), 0)::bigint as above_90
from asked a join due d on d.id = a.id
group by a.id, a.customer_id, a.campus_id, a.owner_id, a.total_fen, a.paid_fen
having sum(d.open_fen) > 0 order by a.id limit %(most)s"""
_CREDIT = """
select p.campus_id, p.owner_id, sum(p.amount_fen - coalesce((select sum(o.amount_fen) from refund_payout o
    join refund r on r.institution_id = o.institution_id and r.id = o.refund_id
    where o.institution_id = p.institution_id and o.payment_id = p.id and o.redirect_time is null
      and (r.approve_time at time zone c.time_zone)::date <= %(day)s), 0)
  - coalesce((select sum(a.amount_fen) from payment a where a.institution_id = p.institution_id
      and a.origin_payment_id = p.id and (a.receive_time at time zone c.time_zone)::date <= %(day)s), 0))::bigint
  as credit_fen
from payment p join campus c on c.institution_id = p.institution_id and c.id = p.campus_id
where p.institution_id = %(institution)s and p.state = 'unapplied'
  and (p.receive_time at time zone c.time_zone)::date <= %(day)s
group by p.campus_id, p.owner_id"""


class Sum(NamedTuple):
    """What is open, and what was received above orders, of one campus or advisor; in fen."""

    subject_id: UUID | None
    buckets: Buckets
    credit_fen: int
    order_count: int


def every(tx: Tx, day: date) -> list[Receivable]:
    """Return what was open at the end of a day, by order; refuses RECEIVABLES_TOO_MANY."""
    values = {"institution": tx.institution_id, "day": day, "most": _MOST + 1}
    rows = [_row(*row) for row in tx.run(_OPEN, values)]
    if len(rows) > _MOST:
        raise Refused("RECEIVABLES_TOO_MANY", f"more than {_MOST} orders are open", most=_MOST)
    return rows


def page(tx: Tx, request: ListRequest, day: date) -> tuple[list[Receivable], str]:
    """Return one page of it and the token of the next one."""
    by_id = {row.order_id: row for row in every(tx, day)}
    ids = cast(bindparam("open_orders", list(by_id), ARRAY(Uuid())), ARRAY(Uuid()))
    found = orders.LISTING.page(tx, request, where=[Order.id == any_(ids)])
    return [by_id[order.id] for order in found.rows], found.next_page_token


def ageing(tx: Tx, day: date, *, by_advisor: bool) -> list[Sum]:
    """Sum it by campus or advisor; what was received above orders stands beside it and is not set off."""
    buckets: defaultdict[UUID | None, list[int]] = defaultdict(lambda: [0] * 5)
    counts: defaultdict[UUID | None, int] = defaultdict(int)
    credit: defaultdict[UUID | None, int] = defaultdict(int)
    for row in every(tx, day):
        key = row.owner_id if by_advisor else row.campus_id
        counts[key] += 1
        buckets[key] = [before + figure for before, figure in zip(buckets[key], row.buckets, strict=True)]
    for above in tx.run(_CREDIT, {"institution": tx.institution_id, "day": day}):
        credit[above.owner_id if by_advisor else above.campus_id] += above.credit_fen
    keys = sorted(buckets.keys() | {key for key, fen in credit.items() if fen}, key=str)
    return [Sum(key, Buckets(*buckets[key]), credit[key], counts[key]) for key in keys]


def total(sums: Sequence[Sum]) -> Sum:
    """Return the sum of sums."""
    columns = [sum(each.buckets[index] for each in sums) for index in range(len(Buckets()))]
    credit = sum(each.credit_fen for each in sums)
    return Sum(None, Buckets(*columns), credit, sum(each.order_count for each in sums))


def _row(order_id: UUID, customer_id: UUID, campus_id: UUID, owner_id: UUID | None, *figures: int) -> Receivable:
    total_fen, paid_fen, *fen = figures
    return Receivable(order_id, customer_id, campus_id, owner_id, total_fen, paid_fen, Buckets(*fen))
