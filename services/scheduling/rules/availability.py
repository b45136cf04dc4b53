"""When a teacher can teach: weekly ranges per campus, in that campus's local time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.rules.spans import Span
from shared.errors import InvalidInput

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """[start, end) in minutes after local midnight on an ISO weekday (1 Monday .. 7 Sunday)."""

    weekday: int
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class Place:
    """A range at a campus."""

    campus_id: UUID
    range: Range


def check_ranges(ranges: Sequence[Range]) -> None:
    """Raise InvalidInput for a range without length, outside its day, or one that overlaps another."""
    for index, each in enumerate(ranges):
        if not 0 <= each.start_minute < each.end_minute <= DAY_MINUTES:
            raise InvalidInput(f"ranges[{index}].range", "a range starts before it ends, within one day")
    ordered = sorted(ranges)
    for before, after in itertools.pairwise(ordered):
        if before.weekday == after.weekday and after.start_minute < before.end_minute:
            raise InvalidInput("ranges", "two ranges overlap")


def is_available(places: Sequence[Place], *, campus_id: UUID, span: Span, time_zone: str) -> bool:
    """Say whether a teacher with these ranges can teach then and there; no range anywhere means no limit."""
    if not places:
        return True
    here = [place.range for place in places if place.campus_id == campus_id]
    zone = ZoneInfo(time_zone)
    pieces = _local_pieces(span.start.astimezone(zone), span.end.astimezone(zone))
    return all(_is_covered(piece, here) for piece in pieces)


def _local_pieces(start: datetime, end: datetime) -> list[Range]:
    """Cut a local span at its midnights; seconds count as part of their minute."""
    pieces = []
    day = start.date()
    while day <= end.date():
        first = _minutes(start) if day == start.date() else 0
        last = _minutes(end, up=True) if day == end.date() else DAY_MINUTES
        if first < last:
            pieces.append(Range(day.isoweekday(), first, last))
        day += timedelta(days=1)
    return pieces


def _minutes(moment: datetime, *, up: bool = False) -> int:
    rest = moment.second or moment.microsecond
    return moment.hour * 60 + moment.minute + (1 if up and rest else 0)


def _is_covered(piece: Range, ranges: Iterable[Range]) -> bool:
    """Say whether adjoining ranges together contain the piece."""
    reached = piece.start_minute
    for each in sorted(r for r in ranges if r.weekday == piece.weekday):
        if each.start_minute <= reached < each.end_minute:
            reached = each.end_minute
    return reached >= piece.end_minute
