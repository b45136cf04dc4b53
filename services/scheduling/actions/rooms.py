"""Rooms of a campus."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.scheduling.actions import campuses
from services.scheduling.models import Room
from shared.db import Tx
from shared.errors import AlreadyExists
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[Room] = Listing(
    Room,
    fields={
        "campus_id": Field(Room.campus_id),
        "name": Field(Room.name),
        "capacity": Field(Room.capacity),
        "active": Field(Room.active),
    },
    default_order="name",
)


def get(tx: Tx, room_id: UUID) -> Room:
    """Return a room, or raise NotFound."""
    return tx.load(Room, "room", room_id)


def create(tx: Tx, *, campus_id: UUID, name: str, capacity: int, equipment: Sequence[str]) -> Room:
    """Add a room; CAMPUS_NOT_FOUND, ROOM_NAME_TAKEN when the campus has one of that name."""
    campuses.get(tx, campus_id)
    room = Room(id=uuid7(), campus_id=campus_id, name=name, capacity=capacity, equipment=sorted(equipment), active=True)
    with tx.translating(
        {"uq_room_name": lambda: AlreadyExists("ROOM_NAME_TAKEN", "the campus has a room of that name", name=name)}
    ):
        tx.session.add(room)
    return room
