"""The one way in which a lead changes hands: every change of owner sets the same clocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import TrialsFollowedLead
from services.lead.actions import staff
from services.lead.models import Lead, Trial
from shared.db import Tx
from shared.events import publish

CAMPUS, HQ = "campus", "hq"


def give(tx: Tx, lead: Lead, owner_id: UUID | None) -> None:
    """Let somebody own a lead from now on; None puts it into the pool of its campus. Its trials follow it."""
    for name, value in clocks(tx, owner_id).items():
        setattr(lead, name, value)
    # A lead that is being captured is in no session yet, and has no trials.
    if owner_id is None or lead not in tx.session:
        return
    if tx.scalar(select(Trial.id).where(Trial.lead_id == lead.id).limit(1)) is not None:
        who = {"lead_id": str(lead.id), "customer_id": str(lead.customer_id), "campus_id": str(lead.campus_id)}
        publish(tx, TrialsFollowedLead(**who, owner_id=str(owner_id)))


def clocks(tx: Tx, owner_id: UUID | None) -> dict[str, Any]:
    """Return the columns that change with an owner."""
    return {
        "owner_id": owner_id,
        "owner_time": tx.now if owner_id is not None else None,
        "warn_time": None,
        "pool": CAMPUS,
        "pool_time": tx.now if owner_id is None else None,
    }


def keep_or_free(tx: Tx, lead: Lead) -> None:
    """Put a lead that opens again into the pool when its owner has left meanwhile."""
    if lead.owner_id is None:
        give(tx, lead, None)
        return
    person = staff.find(tx, lead.owner_id, lock=True)
    give(tx, lead, lead.owner_id if person is None or person.active else None)
