"""Instalment plans of orders: made before anything is paid, filled by payments, the oldest instalment first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import InstalmentDue
from services.billing.actions import contracts, instalment_policies, lots, orders, quotes, rulebooks
from services.billing.models import Instalment, Order
from services.billing.rules import instalments as rules
from services.billing.rules.instalments import RECEIVABLE, Part, Template
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.events import publish
from shared.listing import Field, Listing
from shared.wire_values import date_pb

_BATCH = 200
_FILL = """
update instalment i set paid_fen = f.paid_fen, update_time = %(now)s,
  state = case f.paid_fen when 0 then 'due' when i.amount_fen then 'paid' else 'part' end
from (select id, least(amount_fen, greatest(0, %(paid)s - (cumulative_fen - amount_fen))) as paid_fen
      from instalment where institution_id = %(institution)s and order_id = %(order)s and state <> 'ended') f
where i.institution_id = %(institution)s and i.id = f.id and i.paid_fen <> f.paid_fen"""
_END = """
update instalment set state = 'ended', update_time = %(now)s
where institution_id = %(institution)s and order_id = %(order)s and state in ('due', 'part')"""
# One that is being paid waits for the next run. The latest stage that was reached is told, those before it no more.
_TELL = f"""
with days as (select * from jsonb_to_recordset(%(days)s::jsonb) as d (campus_id uuid, day date)),
due as (
  select i.id, d.day - i.due_date as late_days,
    (select max(stage) from unnest(%(stages)s::bigint[]) as stage where stage <= d.day - i.due_date) as stage
  from instalment i join days d on d.campus_id = i.campus_id
  where i.institution_id = %(institution)s and i.state in ('due', 'part') and i.due_date <= d.day - %(first)s
    and i.stage_days is distinct from
      (select max(stage) from unnest(%(stages)s::bigint[]) as stage where stage <= d.day - i.due_date)
  order by i.id limit {_BATCH} for update of i skip locked)
update instalment i set stage_days = due.stage, update_time = %(now)s
from due where i.institution_id = %(institution)s and i.id = due.id
returning i.*, due.late_days"""  # noqa: S608 - constant texts
LISTING: Listing[Instalment] = Listing(
    Instalment,
    fields={
        "order_id": Field(Instalment.order_id),
        "customer_id": Field(Instalment.customer_id, aliased=True),
        "campus_id": Field(Instalment.campus_id),
        "owner_id": Field(Instalment.owner_id, sortable=False),
        "state": Field(Instalment.state, prefix="INSTALMENT_STATE_"),
        "due_date": Field(Instalment.due_date),
        "create_time": Field(Instalment.create_time),
    },
    default_order="due_date",
)


def make_order(
    tx: Tx,
    contract_id: UUID,
    *,
    allocation: Sequence[tuple[UUID, int]] = (),
    predecessor_id: UUID | None = None,
) -> Order:
    """Make the order of a signed contract with the plan that its quote carries; see `orders.create`.

    What was due before the order was made is due on its day.
    """
    order = orders.create(tx, contract_id, allocation=allocation, predecessor_id=predecessor_id)
    parts = quotes.plan_of(contracts.quote_of(tx, contracts.get(tx, contract_id)))
    if parts and order.total_fen:
        create(tx, order.id, parts=rules.from_day(parts, _today(tx, order)))
    return order


def preview(tx: Tx, order_id: UUID, template: Template) -> list[Part]:
    """Return the plan that a template makes of an order; keeps nothing."""
    order = orders.get(tx, order_id)
    first = template.first_date
    parts = rules.schedule(
        order.total_fen, count=template.count, first_date=first, months_between=template.months_between
    )
    return rules.check(order.total_fen, parts, today=_today(tx, order))


def create(tx: Tx, order_id: UUID, *, template: Template | None = None, parts: Sequence[Part] = ()) -> list[Instalment]:
    """Plan an order by a template or by given parts; a plan of which nothing is paid is replaced.

    Raises INSTALMENT_SUM_WRONG with both sums, INSTALMENT_ORDER_PAID once money has come, ORDER_NOT_PAYABLE.
    """
    order = orders.get(tx, order_id, for_update=True)
    if order.paid_fen:
        raise Refused("INSTALMENT_ORDER_PAID", "something is paid already", paid_fen=order.paid_fen)
    if order.state != "open":
        raise Refused("ORDER_NOT_PAYABLE", f"the order is {order.state}", state=order.state)
    today = _today(tx, order)
    planned = preview(tx, order_id, template) if template else rules.check(order.total_fen, parts, today=today)
    _run(tx, _END, order)
    unpaid, sum_fen, rows = instalment_policies.unpaid_at(tx, today), 0, []
    for number, part in enumerate(planned, start=1):
        sum_fen += part.amount_fen
        rows.append(_row(order, number, part, cumulative_fen=sum_fen, unpaid=unpaid))
    tx.session.add_all(rows)
    tx.session.flush()
    tx.audit("instalment_plan.created", "order", order.id, count=len(rows), total_fen=order.total_fen, unpaid=unpaid)
    return rows


def of_order(tx: Tx, order_id: UUID) -> Sequence[Instalment]:
    """Return the instalments of an order that stand, in order; none where it has no plan."""
    query = select(Instalment).where(Instalment.order_id == order_id, Instalment.state != "ended")
    ordered = query.order_by(Instalment.number).execution_options(populate_existing=True)
    return tx.session.scalars(ordered).all()


def get(tx: Tx, order_id: UUID) -> Sequence[Instalment]:
    """Return the plan of an order; raises INSTALMENT_PLAN_NOT_FOUND."""
    rows = of_order(tx, orders.get(tx, order_id).id)
    if not rows:
        raise NotFound("instalment_plan", order_id)
    return rows


def receive(tx: Tx, order: Order, payment_id: UUID, amount_fen: int) -> bool:
    """Let a payment fill the plan of its order and open the hours that it pays for; False without a plan.

    The lock on the order, which counting the payment took, makes payments of one plan follow each other.
    """
    plan = of_order(tx, order.id)
    if not plan:
        return False
    _run(tx, _FILL, order)
    lines = orders.lines_of(tx, order.id)
    if lots.grow_for(tx, order, lines, payment_id, amount_fen, on_credit=plan[0].unpaid == RECEIVABLE):
        order.activate_time = order.activate_time or tx.now
        tx.session.flush()
        orders.announce(tx, order, lines)
    return True


def end(tx: Tx, order: Order) -> None:
    """Let what is unpaid of an order's plan be due no more: the rest of the order went back."""
    _run(tx, _END, order)


def remind(tx: Tx) -> bool:
    """Announce instalments that have come to a stage of the policy, by the local date of each campus, once each."""
    books = rulebooks.load(tx)
    stages = instalment_policies.stages_at(tx, tx.now.date())
    if not stages or not books.time_zones:
        return False
    days = [{"campus_id": str(key), "day": books.day(key, tx.now).isoformat()} for key in books.time_zones]
    values = {
        "institution": tx.institution_id,
        "now": tx.now,
        "days": json.dumps(days),
        "stages": list(stages),
        "first": stages[0],
    }
    rows = tx.run(_TELL, values).all()
    for row in rows:
        event = InstalmentDue(
            instalment_id=str(row.id),
            order_id=str(row.order_id),
            customer_id=str(row.customer_id),
            campus_id=str(row.campus_id),
            number=row.number,
            due_date=date_pb(row.due_date),
            open_fen=row.amount_fen - row.paid_fen,
            stage_days=row.stage_days,
            late_days=row.late_days,
        )
        publish(tx, event)
    return len(rows) == _BATCH


def _row(order: Order, number: int, part: Part, *, cumulative_fen: int, unpaid: str) -> Instalment:
    return Instalment(
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        order_id=order.id,
        customer_id=order.customer_id,
        number=number,
        due_date=part.due_date,
        amount_fen=part.amount_fen,
        cumulative_fen=cumulative_fen,
        paid_fen=0,
        state="due",
        unpaid=unpaid,
    )


def _run(tx: Tx, sql: str, order: Order) -> None:
    values = {"institution": tx.institution_id, "now": tx.now, "order": order.id, "paid": order.paid_fen}
    tx.session.flush()
    tx.run(sql, values)


def _today(tx: Tx, order: Order) -> date:
    return rulebooks.load(tx).day(order.campus_id, tx.now)
