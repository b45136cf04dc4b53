"""What lead knows of the chain, from org's events."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import Row


class Campus(Row, Base):
    """What lead knows of a campus, from org's events; the id is the campus's."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    region_id: Mapped[UUID | None]
    active: Mapped[bool]


class Staff(Row, Base):
    """What lead knows of a staff member, from org's events. `campus_ids` is None for a role of the whole chain."""

    __tablename__ = "staff"

    display_name: Mapped[str]
    active: Mapped[bool]
    roles: Mapped[list[str]]
    campus_ids: Mapped[list[UUID] | None]
