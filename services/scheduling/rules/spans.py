"""Half-open stretches of time: a lesson that ends at 10:00 and one that starts at 10:00 do not touch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import InvalidInput

# Longer lessons do not exist; the database checks it too, because the search for collisions relies on it.
LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """[start, end) between two aware instants."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Say whether the two share an instant."""
        return self.start < other.end and other.start < self.end


def lesson_span(start: datetime, end: datetime | None, lesson_minutes: int) -> Span:
    """Return the span of a lesson; without an end it has the course's length. Raises InvalidInput for an odd one."""
    stop = end if end is not None else start + timedelta(minutes=lesson_minutes)
    if stop <= start:
        raise InvalidInput("end_time", "a lesson ends after it starts")
    if stop - start > LONGEST:
        raise InvalidInput("end_time", "a lesson lasts at most 24 hours")
    return Span(start, stop)


def first_overlap(spans: Iterable[Span]) -> tuple[Span, Span] | None:
    """Return two spans that overlap, or None."""
    latest: Span | None = None
    for span in sorted(spans):
        if latest is not None and span.overlaps(latest):
            return latest, span
        if latest is None or span.end > latest.end:
            latest = span
    return None
