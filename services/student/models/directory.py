"""What student has heard of others: campuses, their hours, and staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.tables import Row


class Campus(Row, Base):
    """A campus and its clock, from org's events."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]


class Staff(Row, Base):
    """Who may own a student, from org's events; `campus_ids` is None for a role of the whole chain."""

    __tablename__ = "staff"

    active: Mapped[bool]
    campus_ids: Mapped[list[UUID] | None]


class CampusHours(Row, Base):
    """When a campus is open, from lead's events; one that has no row keeps the usual hours."""

    __tablename__ = "campus_hours"

    openings: Mapped[list[Any]] = mapped_column(JSONB)
    closed_dates: Mapped[list[str]] = mapped_column(JSONB)
