"""Contacts with families."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import LeadFollowedUp
from services.lead.actions import bulk, closings, grading, leads, responses, staff, tasks
from services.lead.models import FollowUp, Lead
from services.lead.rules import plans, stages
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish
from shared.wire_values import id_text

INBOUND = "inbound"


@dataclass(frozen=True, slots=True)
class Contact:
    """What is noted about one contact; `contact_time` None: now."""

    channel: str
    content: str
    direction: str = "outbound"
    duration_seconds: int = 0
    result: str = ""
    participants: str = ""
    doubts: str = ""
    solution: str = ""
    contact_time: datetime | None = None

    def notes(self) -> str:
        """Return what is sealed beside the content; empty when nothing was said."""
        told = {"participants": self.participants, "doubts": self.doubts, "solution": self.solution}
        said = {name: text for name, text in told.items() if text}
        return json.dumps(said, ensure_ascii=False) if said else ""


def add(tx: Tx, lead_id: UUID, contact: Contact, *, next_contact_time: datetime | None = None) -> FollowUp:
    """Note a contact; the first one moves an enquiry to contacted, a promised next one becomes the owner's task.

    Raises InvalidInput TIME_PAST for a promise that lies in the past and TIME_FUTURE for a contact that lies ahead,
    LEAD_CLOSED, LEAD_MERGED.
    """
    at = contact.contact_time or tx.now
    if at > tx.now:
        raise InvalidInput("contact_time", "a contact that lies ahead is a task", reason="TIME_FUTURE")
    lead = leads.get_open(tx, lead_id)
    row = bulk.fresh(
        tx,
        FollowUp,
        lead_id=lead.id,
        staff_id=staff.actor(tx),
        channel=contact.channel,
        next_contact_time=next_contact_time,
        contact_time=at,
        direction=contact.direction,
        duration_seconds=contact.duration_seconds,
        result=contact.result,
    )
    FollowUp.content.seal(tx, row, contact.content)
    FollowUp.notes.seal(tx, row, contact.notes())
    tx.session.add(row)
    lead.last_contact_time = max(at, lead.last_contact_time or at)
    lead.next_contact_time = None
    # The lead is written once, when all is known.
    with tx.session.no_autoflush:
        first = responses.answered(tx, lead, at)
        tasks.finish_follow_ups(tx, lead.id)
        if contact.direction == INBOUND:
            closings.stop_runs(tx, lead.id, plans.REPLY, cause=plans.REPLY)
        if next_contact_time is not None:
            tasks.promise(tx, lead, next_contact_time)
    leads.advance(tx, lead, stages.CONTACTED)
    grading.regrade(tx, lead)
    publish(tx, _event(lead, row, first=first))
    return row


def _event(lead: Lead, row: FollowUp, *, first: bool) -> LeadFollowedUp:
    return LeadFollowedUp(
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=str(lead.campus_id),
        follow_up_id=str(row.id),
        staff_id=id_text(row.staff_id),
        channel=row.channel,
        contact_time=row.contact_time,
        first_response_minutes=lead.first_response_minutes if first else None,
        response_breached=first and lead.response_state == responses.BREACHED,
    )
