"""Rooms."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import CampusRow


class Room(CampusRow, Base):
    __tablename__ = "room"

    name: Mapped[str]
    capacity: Mapped[int]
    equipment: Mapped[list[str]]
    active: Mapped[bool]
