"""Pairs of leads that may be one child: the queue, and what people decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.lead.actions import leads, merges, staff
from services.lead.models import Duplicate, Lead
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing, Page

OPEN = "open"
MERGED = "merged"
KEPT = "kept"

LISTING: Listing[Duplicate] = Listing(
    Duplicate,
    fields={
        "create_time": Field(Duplicate.create_time),
        "state": Field(Duplicate.state, prefix="DUPLICATE_STATE_", sortable=False),
        "campus_id": Field(Duplicate.campus_id, sortable=False),
    },
)


def resolve(tx: Tx, duplicate_id: UUID, *, merge: bool, survivor_lead_id: UUID | None = None) -> Duplicate:
    """Merge the pair or keep both.

    Raises DUPLICATE_NOT_FOUND, DUPLICATE_RESOLVED, LEAD_MERGED, and InvalidInput for a survivor outside the pair.
    """
    # One of the two may belong to another campus; who may resolve here may merge the pair.
    row = tx.load(Duplicate, "duplicate", duplicate_id, for_update=True)
    if row.state != OPEN:
        raise Refused("DUPLICATE_RESOLVED", "somebody has decided about this pair", state=row.state)
    if merge:
        tx.enter(tx.institution_id)
        survivor, merged = _choose(tx, row, survivor_lead_id)
        row.merge_id = merges.merge(tx, survivor=survivor, merged=merged).id
    row.state = MERGED if merge else KEPT
    row.resolved_by_id, row.resolve_time = staff.actor(tx), tx.now
    return row


def _choose(tx: Tx, row: Duplicate, survivor_lead_id: UUID | None) -> tuple[Lead, Lead]:
    """Return survivor and merged: as asked, else the enrolled one, else the one that was there first."""
    if survivor_lead_id is not None and survivor_lead_id not in (row.lead_id, row.other_lead_id):
        raise InvalidInput("survivor_lead_id", "the survivor must be one of the pair")
    # Locks in the order of ids, so that two merges cannot wait for each other.
    locked = {each: leads.get_unmerged(tx, each) for each in sorted((row.lead_id, row.other_lead_id))}
    later, earlier = locked[row.lead_id], locked[row.other_lead_id]
    if survivor_lead_id is None:
        prefers_later = later.state == stages.ENROLLED != earlier.state
    else:
        prefers_later = survivor_lead_id == later.id
    return (later, earlier) if prefers_later else (earlier, later)


def page(tx: Tx, request: Any) -> Page[Any]:
    """Return a page of pairs; open ones unless the filter speaks of the state."""
    return LISTING.page(tx, request, where=[] if "state" in request.filter else [Duplicate.state == OPEN])


def leads_of(tx: Tx, rows: Sequence[Duplicate]) -> dict[UUID, Lead]:
    """Return those leads of some pairs that the caller may see, by id."""
    ids = {each for row in rows for each in (row.lead_id, row.other_lead_id)}
    return {lead.id: lead for lead in tx.session.scalars(select(Lead).where(Lead.id.in_(ids)))}
