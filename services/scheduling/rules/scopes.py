"""How far a change of a lesson reaches into its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.rules.spans import Span

ONE, FOLLOWING, ALL = "one", "following", "all"


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson of a series, and when it takes place."""

    lesson_id: UUID
    span: Span


def reached(anchor: Place, others: Sequence[Place], scope: str, *, time_zone: str, now: datetime) -> list[Place]:
    """Return the lessons that a change of one reaches, that one first.

    Of the others those that lie ahead at the same weekday and local time: the series may have other slots, and what
    was moved by itself before stays where it was put.
    """
    if scope == ONE:
        return [anchor]
    slot = _slot(anchor.span, time_zone)
    least = anchor.span.start if scope == FOLLOWING else now
    more = [
        each
        for each in others
        if each.lesson_id != anchor.lesson_id
        and each.span.start >= least
        and each.span.start > now
        and _slot(each.span, time_zone) == slot
    ]
    return [anchor, *sorted(more, key=lambda each: each.span)]


def shifted(span: Span, *, old: Span, new: Span, time_zone: str) -> Span:
    """Return where a lesson goes when another one of its series goes from `old` to `new`.

    So many local days on as that one, at its new local time and with its new length, through clock changes.
    """
    zone = ZoneInfo(time_zone)
    days = new.start.astimezone(zone).date() - old.start.astimezone(zone).date()
    clock: time = new.start.astimezone(zone).time()
    day: date = span.start.astimezone(zone).date() + days
    start = datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
    return Span(start, start + (new.end - new.start))


def _slot(span: Span, time_zone: str) -> tuple[int, time, timedelta]:
    local = span.start.astimezone(ZoneInfo(time_zone))
    return local.isoweekday(), local.time(), span.end - span.start
