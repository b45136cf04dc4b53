"""How much is made."""

from __future__ import annotations

from dataclasses import dataclass

from tools.demo.places import CAMPUSES

HISTORY_DAYS = 91
AHEAD_DAYS = 14


@dataclass(frozen=True, slots=True)
class Size:
    """Numbers of the whole chain, and staff per campus."""

    leads: int
    students: int
    groups: int
    advisors: int
    teachers: int

    @classmethod
    def of(cls, scale: float) -> Size:
        """Return the size of a chain; 1 is the full one. Regions, campuses and roles are always all there."""
        groups = max(len(CAMPUSES), round(120 * scale))
        leads = max(24, round(3000 * scale))
        per_campus = groups / len(CAMPUSES)
        return cls(
            leads=leads,
            students=max(8, round(800 * scale)),
            groups=groups,
            advisors=max(1, min(4, round(leads / len(CAMPUSES) / 125))),
            teachers=max(1, round(per_campus / 3)),
        )
