"""What becomes of trials when something happens to their lead, as the lead service tells it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from lianxiao.lead.v1.lead_events_pb2 import LeadLost, TrialsFollowedLead
from services.scheduling.actions import trial_bookings
from services.scheduling.models import Trial
from services.scheduling.rules.trials import BOOKED, INVITED
from shared.db import Tx
from shared.ids import as_uuid

LOST = "lead_lost"


def on_lost(tx: Tx, event: LeadLost) -> None:
    """Give the seats of a lead back that lie ahead; what has begun keeps its place until its result."""
    open_ = (Trial.lead_id == as_uuid(event.lead_id), Trial.state.in_((INVITED, BOOKED)))
    ahead = Trial.lesson_start_time.is_(None) | (Trial.lesson_start_time > tx.now)
    found: list[UUID] = list(tx.session.scalars(select(Trial.id).where(*open_, ahead).order_by(Trial.lesson_id)))
    for trial_id in found:
        trial_bookings.cancel(tx, trial_id, reason=LOST)


def on_trials_followed(tx: Tx, event: TrialsFollowedLead) -> None:
    """Let whoever cares for the lead now see and change its trials."""
    followed = update(Trial).where(Trial.lead_id == as_uuid(event.lead_id))
    tx.execute(followed.values(owner_id=as_uuid(event.owner_id), update_time=tx.now))
