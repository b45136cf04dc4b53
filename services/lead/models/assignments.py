"""Who got which lead, and by which rule."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import Row


class Assignment(Row, Base):
    """One change of owner with all that decided it; never changed. `inputs` replays through rules.assignment."""

    __tablename__ = "assignment"

    lead_id: Mapped[UUID]
    owner_id: Mapped[UUID | None]
    previous_owner_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    inputs: Mapped[dict[str, Any]]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]


class AssignmentRule(Row, Base):
    """Who gets which new lead; campus_id None holds for every campus. `turn` counts its decisions."""

    __tablename__ = "assignment_rule"

    name: Mapped[str]
    campus_id: Mapped[UUID | None]
    sources: Mapped[list[str]]
    course_ids: Mapped[list[UUID]]
    strategy: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    priority: Mapped[int]
    paused: Mapped[bool]
    turn: Mapped[int] = mapped_column(default=0)
