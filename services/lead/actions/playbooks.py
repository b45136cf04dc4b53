"""A library of what people say at each stage, and a record of who used it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.lead.actions import follow_up_plans, leads, staff
from services.lead.models import Playbook, PlaybookUse
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.listing import Field, Listing

EDITABLE = ("name", "stage", "role", "content", "paused")
LISTING: Listing[Playbook] = Listing(
    Playbook,
    fields={
        "name": Field(Playbook.name),
        "stage": Field(Playbook.stage, prefix="LEAD_STAGE_", sortable=False),
        "role": Field(Playbook.role, sortable=False),
        "paused": Field(Playbook.paused, sortable=False),
        "create_time": Field(Playbook.create_time),
    },
    default_order="name",
)
USES: Listing[PlaybookUse] = Listing(
    PlaybookUse,
    fields={
        "create_time": Field(PlaybookUse.create_time),
        "staff_id": Field(PlaybookUse.staff_id, sortable=False),
        "lead_id": Field(PlaybookUse.lead_id, sortable=False),
    },
)


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a playbook was used, by how many people, and how often it helped."""

    use_count: int = 0
    staff_count: int = 0
    helpful_count: int = 0


def create(tx: Tx, told: Mapping[str, Any]) -> Playbook:
    """Add a playbook. Raises CHAIN_SCOPE_NEEDED, InvalidInput NAME_MISSING, CONTENT_MISSING."""
    row = Playbook(staff_id=staff.actor(tx))
    _fill(tx, row, told)
    tx.session.add(row)
    tx.session.flush()
    return row


def update(tx: Tx, playbook_id: UUID, told: Mapping[str, Any]) -> Playbook:
    """Change a playbook. Raises PLAYBOOK_NOT_FOUND and what `create` raises."""
    row = tx.load(Playbook, "playbook", playbook_id, for_update=True)
    _fill(tx, row, told)
    tx.session.flush()
    return row


def use(tx: Tx, playbook_id: UUID, *, lead_id: UUID | None, helpful: bool) -> PlaybookUse:
    """Note that the caller used a playbook. Raises PLAYBOOK_NOT_FOUND, PLAYBOOK_PAUSED, LEAD_NOT_FOUND."""
    row = tx.load(Playbook, "playbook", playbook_id)
    if row.paused:
        raise Refused("PLAYBOOK_PAUSED", "this playbook is out of use")
    if lead_id is not None:
        leads.get(tx, lead_id)
    used = PlaybookUse(playbook_id=row.id, staff_id=staff.actor(tx), lead_id=lead_id, helpful=helpful)
    tx.session.add(used)
    tx.session.flush()
    return used


def uses(tx: Tx, rows: Sequence[Playbook]) -> Mapping[UUID, Uses]:
    """Return how each of these was used."""
    of, ids = PlaybookUse, [row.id for row in rows]
    counts = (func.count(), func.count(of.staff_id.distinct()), func.count().filter(of.helpful))
    query = select(of.playbook_id, *counts).where(of.institution_id == tx.institution_id, of.playbook_id.in_(ids))
    return {key: Uses(*numbers) for key, *numbers in tx.execute(query.group_by(of.playbook_id))}


def _fill(tx: Tx, row: Playbook, told: Mapping[str, Any]) -> None:
    tx.check_chain()
    with tx.session.no_autoflush:
        for name, value in told.items():
            setattr(row, name, value)
    row.name = follow_up_plans.checked_name(row.name)
    if not row.content.strip():
        raise InvalidInput("playbook.content", "a playbook says something", "CONTENT_MISSING")
