"""Everything that happened to a lead, newest first, in one order of time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select, tuple_, union_all

from services.lead.actions import leads
from services.lead.models import AssessmentReport, Assignment, FollowUp, PlanMessage, StageChange, Touch, Trial
from shared.crypto import CannotOpen, open_from_bus, seal_for_bus
from shared.db import Tx
from shared.errors import InvalidInput

KINDS: dict[str, type[Any]] = {
    "touch": Touch,
    "follow_up": FollowUp,
    "assignment": Assignment,
    "trial": Trial,
    "stage_change": StageChange,
    "assessment_report": AssessmentReport,
    "plan_message": PlanMessage,
}


_CLUSTER = """with recursive here (id) as (select unnest(%(ids)s::uuid[])
    union select m.lead_id from lead_merge m join here on m.survivor_lead_id = here.id
      where m.institution_id = %(institution)s and m.undo_time is null)
  select id::text from here"""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page: rows of the models in KINDS; the token is empty on the last."""

    rows: list[Any]
    next_page_token: str


def page(tx: Tx, lead_id: UUID, *, size: int, token: str = "") -> Timeline:
    """Return a page of a lead's timeline, that of leads merged into it included.

    Raises LEAD_NOT_FOUND, InvalidInput PAGE_TOKEN_INVALID.
    """
    lead = leads.get(tx, lead_id)
    return over(tx, [lead.id], subject=lead.id, size=size, token=token)


def over(tx: Tx, lead_ids: Collection[UUID], *, subject: UUID, size: int, token: str = "") -> Timeline:
    """Return a page of the timeline of several leads, in which those merged into them are; tokens are the subject's.

    Raises InvalidInput PAGE_TOKEN_INVALID.
    """
    before = _before(tx, subject, token) if token else None
    marks = _marks(tx, sorted(cluster(tx, lead_ids)), size + 1, before)
    shown = marks[:size]
    found: dict[UUID, Any] = {}
    for kind, model in KINDS.items():
        ids = [mark.id for mark in shown if mark.kind == kind]
        if ids:
            found |= {row.id: row for row in tx.session.scalars(select(model).where(model.id.in_(ids)))}
    last = shown[-1] if len(marks) > size else None
    next_token = seal_for_bus(tx.institution_id, f"{subject}|{last.time.isoformat()}|{last.id}") if last else ""
    return Timeline([found[mark.id] for mark in shown], next_token)


def _marks(tx: Tx, lead_ids: list[UUID], size: int, before: tuple[datetime, UUID] | None) -> list[Any]:
    """Return (kind, id, time) of the newest entries; each table contributes from its own index."""
    parts = []
    for kind, model in KINDS.items():
        part = select(literal(kind).label("kind"), model.id.label("id"), model.create_time.label("time"))
        part = part.where(model.institution_id == tx.institution_id, model.lead_id.in_(lead_ids))
        if before is not None:
            part = part.where(tuple_(model.create_time, model.id) < tuple_(*before))
        newest = part.order_by(model.create_time.desc(), model.id.desc()).limit(size).subquery(kind)
        parts.append(select(newest.c.kind, newest.c.id, newest.c.time))
    every = union_all(*parts).subquery("every")
    return list(tx.execute(select(every).order_by(every.c.time.desc(), every.c.id.desc()).limit(size)).all())


def cluster(tx: Tx, lead_ids: Collection[UUID]) -> set[UUID]:
    """Return some leads and all that live on in them."""
    values = {"institution": str(tx.institution_id), "ids": [str(lead_id) for lead_id in lead_ids]}
    return {UUID(text) for text in tx.run(_CLUSTER, values).scalars()}


def _before(tx: Tx, subject: UUID, token: str) -> tuple[datetime, UUID]:
    try:
        owner, time, entry = open_from_bus(tx.institution_id, token).split("|")
        if owner == str(subject):
            return datetime.fromisoformat(time), UUID(entry)
    except (CannotOpen, ValueError):
        pass
    raise InvalidInput("page_token", "this is no page token of this timeline; start without", "PAGE_TOKEN_INVALID")
