"""Where a weekly lesson is, in the local time of its campus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class WeeklyPlace:
    """An ISO weekday, a local start in minutes of the day, a length, and whom and what it takes; empty: nobody."""

    weekday: int
    start_minute: int
    lesson_minutes: int
    teacher_id: str = ""
    room_id: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> WeeklyPlace:
        """Return what `to_json` gave."""
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """Return a form for the database."""
        return asdict(self)


def weekly_pattern(lessons: Iterable[WeeklyPlace]) -> list[WeeklyPlace]:
    """Return the places that repeat, in order of the week; single lessons elsewhere are exceptions, not the pattern.

    A place counts when it has at least half as many lessons as the one that has most.
    """
    counted = Counter(lessons)
    most = max(counted.values(), default=0)
    return sorted(place for place, number in counted.items() if number * 2 >= most)


def first_date(start: date, now: datetime, time_zone: str) -> date:
    """Return the first local date of a pattern on which nothing has begun yet."""
    return max(start, now.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=1))
