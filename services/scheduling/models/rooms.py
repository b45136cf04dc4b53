"""Rooms."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import CampusRow


class Room(CampusRow, Base):
    __tablename__ = "room"

    name: Mapped[str]
    capacity: Mapped[int]
    equipment: Mapped[list[str]]
    active: Mapped[bool]


class RoomBlock(CampusRow, Base):
    """A time in which a room cannot be used."""

    __tablename__ = "room_block"

    room_id: Mapped[UUID]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    reason: Mapped[str]
    # Taken back.
    ended: Mapped[bool]
