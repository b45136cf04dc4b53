"""Leads that may be or are the same child."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import CampusRow, Row


class Duplicate(CampusRow, Base):
    """Two leads that may be the same child; the campus is that of the later one."""

    __tablename__ = "duplicate"

    lead_id: Mapped[UUID]
    other_lead_id: Mapped[UUID]
    score: Mapped[float]
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    state: Mapped[str]
    merge_id: Mapped[UUID | None]
    resolved_by_id: Mapped[UUID | None]
    resolve_time: Mapped[datetime | None]


class LeadMerge(Row, Base):
    """One merge, and what the merged lead was before, so that it can be undone."""

    __tablename__ = "lead_merge"

    lead_id: Mapped[UUID]
    survivor_lead_id: Mapped[UUID]
    previous_state: Mapped[str]
    staff_id: Mapped[UUID | None]
    undo_time: Mapped[datetime | None]
    # What the survivor was, or empty, where this merge gave it its organisation; else None.
    replaced_customer_type: Mapped[str | None]
    # What else the survivor got from this merge: tasks, its owner, with the one before, and that it is open again.
    given: Mapped[dict[str, Any] | None]


class CustomerAlias(Row, Base):
    """A customer id that stands for another one since a merge; the id is the old customer's."""

    __tablename__ = "customer_alias"

    survivor_id: Mapped[UUID]
    merge_id: Mapped[UUID]
