"""The ids that the services gave to the people and things of the story, by their keys there."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class LeadIds(NamedTuple):
    """A lead; in the pool while it has no owner."""

    lead_id: UUID
    customer_id: UUID
    owner_id: UUID | None


@dataclass(slots=True)
class Known:
    """Lessons are keyed by class group or private series, and start; rooms by campus and place in ROOMS."""

    regions: dict[int, UUID] = field(default_factory=dict)
    campuses: dict[int, UUID] = field(default_factory=dict)
    staff: dict[int, UUID] = field(default_factory=dict)
    courses: dict[int, UUID] = field(default_factory=dict)
    rooms: dict[tuple[int, int], UUID] = field(default_factory=dict)
    campaigns: dict[int, UUID] = field(default_factory=dict)
    groups: dict[int, UUID] = field(default_factory=dict)
    lessons: dict[tuple[int | None, int | None, datetime], UUID] = field(default_factory=dict)
    leads: dict[int, LeadIds] = field(default_factory=dict)
    orders: dict[int, UUID] = field(default_factory=dict)

    def learn(self, other: Known) -> None:
        """Take in what another part of the work has found out."""
        for each in fields(self):
            getattr(self, each.name).update(getattr(other, each.name))
