"""Free times for one-to-one lessons: what a teacher can, less what is taken, in the local time of a campus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.rules.availability import Place, is_available
from services.scheduling.rules.spans import Span

STEP_MINUTES = 30


def days_of(period: Span, time_zone: str) -> Iterator[date]:
    """Return the local dates that a period touches, in order."""
    zone = ZoneInfo(time_zone)
    day, last = period.start.astimezone(zone).date(), period.end.astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def free_slots(
    places: Sequence[Place],
    busy: Sequence[Span],
    *,
    campus_id: UUID,
    day: date,
    period: Span,
    minutes: int,
    time_zone: str,
) -> list[Span]:
    """Return the spans of that length on a local day within the period that a teacher can give, in order of time.

    They begin with a weekly range of the teacher and then every half hour; without a range there is none.
    """
    starts = {
        start
        for place in places
        if place.campus_id == campus_id and place.range.weekday == day.isoweekday()
        for start in range(place.range.start_minute, place.range.end_minute, STEP_MINUTES)
    }
    found = []
    for span in (_span(day, start, minutes, time_zone) for start in sorted(starts)):
        inside = span is not None and period.start <= span.start and span.end <= period.end
        if (
            span is not None
            and inside
            and is_available(places, campus_id=campus_id, span=span, time_zone=time_zone)
            and is_free(busy, span)
        ):
            found.append(span)
    return found


def is_free(busy: Iterable[Span], span: Span) -> bool:
    """Say whether nothing that is taken overlaps a span."""
    return not any(span.overlaps(other) for other in busy)


def room_for(rooms: Sequence[tuple[UUID, int]], busy: Mapping[UUID, Sequence[Span]], span: Span) -> UUID | None:
    """Return the smallest room, given as id and capacity, that is free; larger ones stay for classes."""
    by_size = sorted(rooms, key=lambda room: (room[1], room[0]))
    return next((room_id for room_id, _ in by_size if is_free(busy.get(room_id, ()), span)), None)


def _span(day: date, start_minute: int, minutes: int, time_zone: str) -> Span | None:
    """Return the span of a local start; None for a time that a clock change skips."""
    zone = ZoneInfo(time_zone)
    local = datetime.combine(day, time(start_minute // 60, start_minute % 60), zone)
    start = local.astimezone(UTC)
    if start.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        return None
    return Span(start, start + timedelta(minutes=minutes))
