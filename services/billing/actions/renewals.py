"""Orders that come to their end, and the orders that renew them. Days are those of the campus that sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import any_, bindparam, cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from services.billing.actions import orders, predecessors
from services.billing.models import Order
from services.billing.rules.renewals import Renewal
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import ListRequest

_MOST = 20_000
_THRESHOLD = 500
_NOTICE_DAYS = 30
_DUE = """
with sold as (
  select o.id, o.customer_id, o.campus_id, o.owner_id, c.time_zone, sum(l.quantity_hundredths) as bought,
    sum(l.remaining_hundredths)::bigint as remaining,
    case when bool_and(l.expire_date is not null) then max(l.expire_date) end as expire_date
  from sales_order o join campus c on c.institution_id = o.institution_id and c.id = o.campus_id
    join lot l on l.institution_id = o.institution_id and l.order_id = o.id
  where o.institution_id = %(institution)s and o.state not in ('refunded', 'void')
    and o.transfer_id is null and o.referral_id is null
  group by o.institution_id, o.id, c.time_zone),
used as (
  select s.id, (e.create_time at time zone s.time_zone)::date as day,
    s.bought - sum(e.hundredths) over (partition by s.id order by e.create_time, e.id) as left_over
  from sold s join lot l on l.institution_id = %(institution)s and l.order_id = s.id
    join lot_entry e on e.institution_id = l.institution_id and e.lot_id = l.id
  where s.remaining <= %(threshold)s),
low as (select id, min(day) as day from used where left_over <= %(threshold)s group by id),
due as (
  select s.*, least(low.day, s.expire_date - %(notice)s::int) as due_date from sold s left join low on low.id = s.id)
select d.id, d.customer_id, d.campus_id, d.owner_id, d.due_date, d.remaining, d.expire_date, n.id, n.create_time
from due d left join lateral (select n.id, n.create_time from sales_order n
    where n.institution_id = %(institution)s and n.predecessor_id = d.id and n.state <> 'void'
    order by n.create_time, n.id limit 1) n on true
where d.due_date between %(start)s and %(end)s order by d.due_date, d.id limit %(most)s"""


@dataclass(frozen=True, slots=True)
class Span:
    """From which to which day orders are due, and when they are; 0 stands for five lesson hours and thirty days."""

    start_date: date
    end_date: date
    threshold_hundredths: int = 0
    notice_days: int = 0


def every(tx: Tx, span: Span) -> list[Renewal]:
    """Return the orders that are due in a span, renewed or not, by day.

    Raises InvalidInput for a span that ends before it starts, Refused RENEWALS_TOO_MANY.
    """
    if span.end_date < span.start_date:
        raise InvalidInput("span.end_date", "the span ends before it starts")
    values = {
        "institution": tx.institution_id,
        "start": span.start_date,
        "end": span.end_date,
        "threshold": span.threshold_hundredths or _THRESHOLD,
        "notice": span.notice_days or _NOTICE_DAYS,
        "most": _MOST + 1,
    }
    rows = [Renewal(*row) for row in tx.run(_DUE, values)]
    if len(rows) > _MOST:
        raise Refused("RENEWALS_TOO_MANY", f"more than {_MOST} orders are due", most=_MOST)
    return rows


def page(tx: Tx, request: ListRequest, span: Span) -> tuple[list[Renewal], str]:
    """Return one page of it and the token of the next one."""
    by_id = {row.order_id: row for row in every(tx, span)}
    ids = cast(bindparam("due_orders", list(by_id), ARRAY(Uuid())), ARRAY(Uuid()))
    found = orders.LISTING.page(tx, request, where=[Order.id == any_(ids)])
    return [by_id[order.id] for order in found.rows], found.next_page_token


def link(tx: Tx, order_id: UUID, predecessor_id: UUID | None) -> Order:
    """Say which order another one renews; None: it renews none.

    Raises Refused RENEWAL_OTHER_CHILD, RENEWAL_NOT_EARLIER.
    """
    order = orders.get(tx, order_id, for_update=True)
    if predecessor_id is not None:
        predecessors.check(tx, order, orders.get(tx, predecessor_id))
    order.predecessor_id = predecessor_id
    tx.session.flush()
    tx.audit("renewal.linked", "order", order.id, predecessor_id=str(predecessor_id or ""))
    return order
