"""What is on some dates only, against a pattern that repeats weekly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.rules.spans import Span

_QUARTER, _DAY_MINUTES = 15, 1440
# A time that is not to be had on more than this part of its dates is no time of a weekly pattern.
_MOST = 0.5

# Weekday, start minute, minutes.
Weekly = list[int]


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody's dated times, as a week sees them: never to be had, and missing on so many dates [.., dates]."""

    blocked: list[Weekly]
    missing: list[list[int]]


def pattern_dates(first: date, last: date) -> list[date]:
    """Return the dates of a pattern, both ends included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def as_weekly(spans: Iterable[Span], dates: Sequence[date], time_zone: str) -> Absence:
    """Return what dated times take from the quarters of an hour of a weekly pattern."""
    known, zone = set(dates), ZoneInfo(time_zone)
    taken: dict[tuple[int, int], set[date]] = defaultdict(set)
    for span in spans:
        for day, quarter in _quarters(span, zone):
            if day in known:
                taken[day.isoweekday(), quarter].add(day)
    number = {weekday: sum(day.isoweekday() == weekday for day in known) for weekday in range(1, 8)}
    blocked, missing = [], []
    for (weekday, quarter), days in sorted(taken.items()):
        place = [weekday, quarter * _QUARTER, _QUARTER]
        if is_most(len(days), number[weekday]):
            blocked.append(place)
        else:
            missing.append([*place, len(days)])
    return Absence(blocked, missing)


def is_most(some: int, number: int) -> bool:
    """Say whether so many dates of a weekday are too many to be exceptions."""
    return some > number * _MOST


def _quarters(span: Span, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    day = start.date()
    while day <= end.date():
        first = _minute(start) if day == start.date() else 0
        last = _minute(end) if day == end.date() else _DAY_MINUTES
        if datetime.combine(day, time.min, zone) < end:
            for quarter in range(first // _QUARTER, -(-last // _QUARTER)):
                yield day, quarter
        day += timedelta(days=1)


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute + (1 if moment.second or moment.microsecond else 0)
