"""What student has heard of others: campuses and staff."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

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
