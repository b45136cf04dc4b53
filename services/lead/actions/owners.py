"""The one way in which a lead changes hands: every change of owner sets the same clocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import LeadReturned, TrialsFollowedLead
from services.lead.actions import bulk, staff
from services.lead.models import Assignment, Lead, Trial
from shared.db import Tx
from shared.events import publish
from shared.wire_values import id_text

CAMPUS, HQ = "campus", "hq"
CAMPUS_CHANGED = "campus_changed"
# What a principal or a teacher was asked because of a lead stays theirs; a warning was for who did nothing.
_OF_OTHERS = ("escalation", "first_lesson_plan", "recycle_warning")
_FOLLOW = """with warned as (update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s,
      cancel_reason = 'owner_changed'
    where institution_id = %(institution)s and lead_id = %(lead)s and state = 'open' and kind = 'recycle_warning'),
  followed as (update task set owner_id = %(owner)s, campus_id = %(campus)s, update_time = %(now)s
    where institution_id = %(institution)s and lead_id = %(lead)s and state = 'open'
      and owner_id is not distinct from %(previous)s::uuid and kind <> all (%(others)s) returning id)
  select count(*) from followed"""


def by_hand(tx: Tx, lead: Lead, owner_id: UUID | None, reason: str = "") -> Assignment:
    """Return the record of an assignment that no rule made."""
    return bulk.fresh(
        tx,
        Assignment,
        lead_id=lead.id,
        owner_id=owner_id,
        previous_owner_id=lead.owner_id,
        rule_id=None,
        inputs={},
        reason=reason,
        staff_id=staff.actor(tx),
    )


def give(tx: Tx, lead: Lead, owner_id: UUID | None) -> int:
    """Let somebody own a lead from now on; None puts it into the pool of its campus. Its tasks and trials follow it.

    Returns how many tasks did.
    """
    previous = lead.owner_id
    put(tx, lead, owner_id)
    values = {"institution": tx.institution_id, "lead": lead.id, "campus": lead.campus_id, "now": tx.now}
    who = {"owner": owner_id, "previous": previous, "others": list(_OF_OTHERS)}
    followed = int(tx.run(_FOLLOW, values | who).scalar_one())
    if owner_id is not None:
        _tell_trials(tx, lead, owner_id)
    return followed


def release(tx: Tx, lead: Lead, reason: str) -> int:
    """Put an owned lead into the pool of its campus, and say why; return how many tasks went with it."""
    told = LeadReturned(
        lead_id=str(lead.id),
        customer_id=str(lead.customer_id),
        campus_id=str(lead.campus_id),
        previous_owner_id=id_text(lead.owner_id),
        reason=reason,
    )
    tx.session.add(by_hand(tx, lead, None, reason))
    followed = give(tx, lead, None)
    publish(tx, told)
    return followed


def leave_behind(tx: Tx, lead: Lead) -> None:
    """Put a lead that has come to another campus into its pool unless its owner works there too."""
    person = staff.find(tx, lead.owner_id) if lead.owner_id is not None else None
    if person is not None and person.campus_ids is not None and lead.campus_id not in person.campus_ids:
        release(tx, lead, CAMPUS_CHANGED)


def _tell_trials(tx: Tx, lead: Lead, owner_id: UUID) -> None:
    if tx.scalar(select(Trial.id).where(Trial.lead_id == lead.id).limit(1)) is not None:
        who = {"lead_id": str(lead.id), "customer_id": str(lead.customer_id), "campus_id": str(lead.campus_id)}
        publish(tx, TrialsFollowedLead(**who, owner_id=str(owner_id)))


def put(tx: Tx, lead: Lead, owner_id: UUID | None) -> None:
    """Do the same to a lead that is being captured, and has neither tasks nor trials yet."""
    for name, value in clocks(tx, owner_id).items():
        setattr(lead, name, value)


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
