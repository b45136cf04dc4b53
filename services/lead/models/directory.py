"""What lead knows of the chain, from org's events."""

from __future__ import annotations

from datetime import datetime
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


class PurposeSetting(Row, Base):
    """What an institution lets data be used for, from student's events; consents before `valid_from_time` are void."""

    __tablename__ = "purpose_setting"

    purpose: Mapped[str]
    enabled: Mapped[bool]
    valid_from_time: Mapped[datetime | None]
