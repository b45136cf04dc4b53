"""Contacts with families."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.lead.actions import bulk, leads, tasks
from services.lead.models import FollowUp
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import InvalidInput


def add(tx: Tx, lead_id: UUID, *, channel: str, content: str, next_contact_time: datetime | None = None) -> FollowUp:
    """Note a contact; the first one moves an enquiry to contacted, a promised next one becomes the owner's task.

    Raises InvalidInput for a promise that lies in the past, LEAD_CLOSED, LEAD_MERGED.
    """
    if next_contact_time is not None and next_contact_time <= tx.now:
        raise InvalidInput("next_contact_time", "the next contact must lie in the future", reason="TIME_PAST")
    lead = leads.get_open(tx, lead_id)
    row = bulk.fresh(
        tx,
        FollowUp,
        lead_id=lead.id,
        staff_id=leads.actor(tx),
        channel=channel,
        next_contact_time=next_contact_time,
    )
    FollowUp.content.seal(tx, row, content)
    tx.session.add(row)
    lead.last_contact_time = tx.now
    lead.next_contact_time = next_contact_time
    leads.advance(tx, lead, stages.CONTACTED)
    leads.regrade(tx, lead)
    tasks.finish_follow_ups(tx, lead.id)
    if next_contact_time is not None:
        tasks.create(
            tx,
            tasks.Work(kind=tasks.FOLLOW_UP, due_time=next_contact_time, campus_id=lead.campus_id, lead=lead),
            owner_id=lead.owner_id,
        )
    return row
