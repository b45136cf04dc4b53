"""What student's register of purposes and consents tells, as far as it concerns leads."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import ConsentChanged, PurposeChanged
from services.lead.actions import contacts
from services.lead.models import Lead, PurposeSetting
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant, optional_instant

_CHILD_FILE, _MARKETING = "child_file", "marketing"


def on_purpose_changed(tx: Tx, event: PurposeChanged) -> None:
    """Know what the institution lets data be used for."""
    query = select(PurposeSetting).where(PurposeSetting.purpose == event.purpose)
    row = tx.session.scalars(query).one_or_none()
    if row is None:
        row = PurposeSetting(purpose=event.purpose)
        tx.session.add(row)
    row.enabled = event.enabled
    row.valid_from_time = optional_instant(event, "valid_from_time")


def on_consent_changed(tx: Tx, event: ConsentChanged) -> None:
    """Let the leads of a person follow the register: the gate, and whether the family wants to be written to."""
    if event.channel or event.purpose not in {_CHILD_FILE, _MARKETING}:
        return
    for lead_id in _leads(tx, as_uuid(event.person_id)):
        if event.purpose == _MARKETING:
            contacts.follow_register(tx, lead_id, opted_out=not event.granted)
        else:
            lead = tx.load(Lead, "lead", lead_id, for_update=True)
            lead.guardian_consent_time = instant(event.decide_time) if event.granted else None


def _leads(tx: Tx, customer_id: UUID) -> list[UUID]:
    mine = (Lead.institution_id == tx.institution_id, Lead.customer_id == customer_id)
    return list(tx.session.scalars(select(Lead.id).where(*mine).order_by(Lead.id)))
