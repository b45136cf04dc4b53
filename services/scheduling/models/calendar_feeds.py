"""Timetables that calendar programs subscribe to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import Row


class CalendarFeed(Row, Base):
    """The lessons of one resource, for whoever has the token; only its hash is kept."""

    __tablename__ = "calendar_feed"

    # Of the resource; None for a teacher.
    campus_id: Mapped[UUID | None]
    # Whose lessons are shown: those of the campuses that its maker could see; None for all.
    campus_ids: Mapped[list[UUID] | None]
    resource_kind: Mapped[str]
    resource_id: Mapped[UUID]
    token_hash: Mapped[bytes]
    staff_id: Mapped[UUID]
    revoke_time: Mapped[datetime | None]
