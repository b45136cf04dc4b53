"""What was sold, as billing's events tell it: the rows from which targets and score cards are counted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from lianxiao.billing.v1.billing_events_pb2 import ContractSigned, HoursConsumed, OrderActivated, RefundPaid
from services.lead.actions import customers, leads, studies, working_hours
from services.lead.models import Campus, Lead, Sale
from services.lead.rules import stages
from shared.db import Tx
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.wire_values import instant, optional_id

FAMILY = "family"
LISTING: Listing[Sale] = Listing(
    Sale,
    fields={
        "sale_time": Field(Sale.sale_time),
        "order_id": Field(Sale.order_id, sortable=False),
        "owner_id": Field(Sale.owner_id, sortable=False),
        "campus_id": Field(Sale.campus_id, sortable=False),
        "course_id": Field(Sale.course_id, sortable=False),
        "customer_id": Field(Sale.customer_id, sortable=False),
        "is_refund": Field(Sale.is_refund, sortable=False),
        "is_first": Field(Sale.is_first, sortable=False),
    },
    default_order="sale_time desc",
)


def on_order_activated(tx: Tx, event: OrderActivated) -> None:
    """Note an order that was paid in full, with who cares for the family now."""
    customer_id = customers.resolve(tx, as_uuid(event.customer_id))
    lead = customers.find_lead(tx, customer_id)
    before = select(Sale.id).where(Sale.customer_id == customer_id, Sale.is_refund.is_(False)).limit(1)
    sale = _row(tx, event, as_uuid(event.order_id), customer_id, lead)
    sale.is_refund, sale.is_first = False, tx.scalar(before) is None
    sale.amount_fen = event.total_fen
    sale.course_id = optional_id(event.course_id)
    _when(tx, sale, instant(event.activate_time))
    tx.session.add(sale)


def on_refund_paid(tx: Tx, event: RefundPaid) -> None:
    """Note a refund against whoever was credited with the order, in the month in which it was paid."""
    order = tx.session.get(Sale, (tx.institution_id, as_uuid(event.order_id)))
    customer_id = order.customer_id if order is not None else customers.resolve(tx, as_uuid(event.customer_id))
    lead = None if order is not None else customers.find_lead(tx, customer_id)
    sale = _row(tx, event, as_uuid(event.refund_id), customer_id, lead)
    if order is not None:
        for name in ("campus_id", "owner_id", "lead_id", "course_id", "customer_type", "source", "sales_form"):
            setattr(sale, name, getattr(order, name))
    sale.is_refund, sale.is_first, sale.amount_fen = True, False, -event.amount_fen
    _when(tx, sale, instant(event.pay_time))
    tx.session.add(sale)


def on_contract_signed(tx: Tx, event: ContractSigned) -> None:
    """Move the open lead of a customer who has signed."""
    found = customers.find_lead(tx, as_uuid(event.customer_id))
    if found is not None:
        lead = leads.get_for_update(tx, found.id)
        if lead.state == stages.OPEN:
            leads.advance(tx, lead, stages.SIGNED)


def on_hours_consumed(tx: Tx, event: HoursConsumed) -> None:
    """Note a consumption, and move an enrolled lead to studying with its first consumed lesson."""
    studies.on_hours_consumed(tx, event)
    found = customers.find_lead(tx, as_uuid(event.student_id))
    if found is None or found.stage != stages.ENROLLED or found.state != stages.ENROLLED:
        return
    lead = leads.get_for_update(tx, found.id)
    if lead.stage == stages.ENROLLED:
        leads.enter(tx, lead, stages.STUDYING)


def _row(tx: Tx, event: OrderActivated | RefundPaid, sale_id: UUID, customer_id: UUID, lead: Lead | None) -> Sale:
    return Sale(
        institution_id=tx.institution_id,
        id=sale_id,
        order_id=as_uuid(event.order_id),
        campus_id=as_uuid(event.campus_id),
        customer_id=customer_id,
        owner_id=lead.owner_id if lead is not None else None,
        lead_id=lead.id if lead is not None else None,
        customer_type=(lead.customer_type if lead is not None else None) or FAMILY,
        source=lead.source if lead is not None else "",
        sales_form=lead.sales_form if lead is not None else None,
    )


def _when(tx: Tx, sale: Sale, time: datetime) -> None:
    """Date a sale by the calendar of its campus; UTC where the campus is not known yet."""
    known = tx.session.get(Campus, (tx.institution_id, sale.campus_id))
    local = time.astimezone(working_hours.zone(tx, sale.campus_id)) if known is not None else time
    sale.sale_time, sale.month_date = time, local.date().replace(day=1)
