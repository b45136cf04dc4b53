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
    region_ids: Mapped[list[UUID]]
    campaign_ids: Mapped[list[UUID]]
    school_districts: Mapped[list[str]]
    school_grades: Mapped[list[str]]
    subjects: Mapped[list[str]]
    strategy: Mapped[str]
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    priority: Mapped[int]
    paused: Mapped[bool]
    turn: Mapped[int] = mapped_column(default=0)


class AdvisorConversion(Base):
    """How many closed leads an advisor had in a subject within the window of the policy, and how many enrolled.

    A subject is the id of a course, or its name where the family only told that; empty: all together.
    """

    __tablename__ = "advisor_conversion"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    won: Mapped[int]
    closed: Mapped[int]


class SchoolDistrict(Row, Base):
    """Which schools lie in a district; each in one."""

    __tablename__ = "school_district"

    name: Mapped[str]
    schools: Mapped[list[str]]
