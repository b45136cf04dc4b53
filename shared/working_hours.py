"""The clock of a campus: it runs while somebody is there to answer.

Opening hours are local times; spans between instants are measured in UTC, so a night in which clocks are changed
counts as long as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# Of a campus that has set none: weekday, start and end of each opening, as they are stored.
USUAL: list[list[Any]] = [[weekday, "09:00", "20:00"] for weekday in range(7)]
# Whoever is closed for longer than this never answers; the search must end.
FURTHEST_DAYS = 400


@dataclass(frozen=True, slots=True)
class Opening:
    """Hours of one weekday (0: Monday), from `start` to `end` in local time; an end of 00:00 is midnight."""

    weekday: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a campus is open; the openings of a day do not overlap."""

    zone: ZoneInfo
    openings: tuple[Opening, ...]
    closed: frozenset[date] = frozenset()


def from_stored(zone: str, openings: Sequence[Sequence[Any]] | None, closed: Iterable[str]) -> WorkingHours:
    """Return the hours of a campus in a zone by its IANA name; without openings the usual ones."""
    told = USUAL if openings is None else openings
    kept = tuple(Opening(weekday, time.fromisoformat(start), time.fromisoformat(end)) for weekday, start, end in told)
    return WorkingHours(ZoneInfo(zone), kept, frozenset(date.fromisoformat(day) for day in closed))


def overlapping(openings: tuple[Opening, ...]) -> Opening | None:
    """Return an opening that begins before an earlier one of its day has ended, or ends before it begins."""
    end_of: dict[int, int] = {}
    for opening in sorted(openings, key=lambda one: (one.weekday, one.start)):
        start, end = _minute(opening.start), _end_minute(opening.end)
        if end <= start or start < end_of.get(opening.weekday, 0):
            return opening
        end_of[opening.weekday] = end
    return None


def minutes_between(hours: WorkingHours, start: datetime, end: datetime) -> int:
    """Return the whole working minutes from one instant to a later one; 0 when it is not later."""
    total = timedelta()
    for opened, closed in _spans(hours, start, end):
        total += max(min(closed, end) - max(opened, start), timedelta())
    return total // MINUTE


def after(hours: WorkingHours, start: datetime, minutes: int) -> datetime | None:
    """Return the instant at which so many working minutes have passed; None when the campus is closed for good."""
    left = minutes * MINUTE
    for opened, closed in _spans(hours, start, start + FURTHEST_DAYS * _DAY):
        begins = max(opened, start)
        if closed - begins >= left and closed > begins:
            return begins + left
        left -= max(closed - begins, timedelta())
    return None


def _spans(hours: WorkingHours, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the openings that touch a time, in UTC and in order."""
    day, last = start.astimezone(hours.zone).date(), end.astimezone(hours.zone).date()
    openings = sorted(hours.openings, key=lambda one: one.start)
    while day <= last:
        if day not in hours.closed:
            for opening in openings:
                if opening.weekday == day.weekday():
                    until = day + _DAY if opening.end == time() else day
                    yield _utc(hours, day, opening.start), _utc(hours, until, opening.end)
        day += _DAY


def _utc(hours: WorkingHours, day: date, local: time) -> datetime:
    return datetime.combine(day, local, hours.zone).astimezone(UTC)


def _minute(local: time) -> int:
    return local.hour * 60 + local.minute


def _end_minute(local: time) -> int:
    return _minute(local) or 24 * 60
