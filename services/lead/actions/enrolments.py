"""A lead becomes a student when its first order is paid in full."""

from __future__ import annotations

from google.type.date_pb2 import Date

from lianxiao.billing.v1.billing_events_pb2 import OrderActivated
from lianxiao.lead.v1.lead_events_pb2 import LeadEnrolled
from services.lead.actions import customers, known, leads, sales, teaching
from services.lead.models import Lead
from services.lead.rules import stages
from shared.db import Tx
from shared.events import publish
from shared.file_cells import date_parts
from shared.ids import as_uuid
from shared.wire_values import id_text


def on_order_activated(tx: Tx, event: OrderActivated) -> None:
    """Note the sale; enrol the lead of the order, once, and hand its profile on.

    A customer who never was a lead is not ours to enrol.
    """
    lead = _lead(tx, event)
    sales.on_order_activated(tx, event)
    if lead is None or lead.state == stages.ENROLLED:
        return
    leads.enter(tx, lead, stages.ENROLLED)
    teaching.ask_for(tx, lead)
    profile = known.profile_of(tx, lead)
    year, month, day = date_parts(lead.birth_date)
    enrolled = LeadEnrolled(
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=event.campus_id or str(lead.campus_id),
        owner_id=id_text(lead.owner_id),
        child_name=profile.child_name,
        birth_date=Date(year=year, month=month, day=day) if year else None,
        gender=lead.gender,
        school=lead.school,
        grade=lead.school_grade,
        guardian_name=profile.guardian_name,
        guardian_phone=profile.guardian_phone,
        guardian_email=profile.guardian_email,
        guardian_relation=lead.guardian_relation,
        enrol_time=event.activate_time,
    )
    publish(tx, enrolled)


def _lead(tx: Tx, event: OrderActivated) -> Lead | None:
    if event.lead_id:
        return leads.get_survivor(tx, as_uuid(event.lead_id))
    found = customers.find_lead(tx, as_uuid(event.customer_id))
    return leads.get_for_update(tx, found.id) if found is not None else None
