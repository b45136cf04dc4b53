"""How much a teacher may teach, and how long the way is from one campus to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.rules.spans import Span

EXTRA = "extra"
Travel = Mapping[tuple[UUID, UUID], int]


@dataclass(frozen=True, slots=True)
class Taught:
    """A lesson of a teacher; the campus is not known of lessons from before it was kept."""

    span: Span
    campus_id: UUID | None


@dataclass(frozen=True, slots=True)
class Away:
    """A time in which the weekly ranges of a teacher do not count: `kind` is sick, leave or extra."""

    kind: str
    span: Span


def is_away(exceptions: Iterable[Away], span: Span) -> bool:
    """Say whether the teacher is sick or on leave during any part of a lesson."""
    return any(each.kind != EXTRA and each.span.overlaps(span) for each in exceptions)


def is_extra(exceptions: Iterable[Away], span: Span) -> bool:
    """Say whether the teacher has offered the whole time of a lesson beside the weekly ranges."""
    extra = (each.span for each in exceptions if each.kind == EXTRA)
    return any(each.start <= span.start and span.end <= each.end for each in extra)


def load_exceeded(
    taken: Iterable[Span], span: Span, *, most_day_minutes: int | None, most_week_minutes: int | None, time_zone: str
) -> int | None:
    """Return the limit in minutes that a lesson would exceed, or None; a lesson counts on the day that it starts."""
    zone = ZoneInfo(time_zone)
    day = span.start.astimezone(zone).date()
    by_day: dict[date, int] = {day: minutes(span)}
    for each in taken:
        when = each.start.astimezone(zone).date()
        by_day[when] = by_day.get(when, 0) + minutes(each)
    if most_day_minutes and by_day[day] > most_day_minutes:
        return most_day_minutes
    week = sum(count for when, count in by_day.items() if monday(when) == monday(day))
    return most_week_minutes if most_week_minutes and week > most_week_minutes else None


def way_too_short(taken: Sequence[Taught], span: Span, campus_id: UUID, travel: Travel) -> int | None:
    """Return the minutes that a teacher needs from a lesson before, or to one after, and does not have; or None."""
    for each in taken:
        if each.campus_id is None or each.campus_id == campus_id or each.span.overlaps(span):
            continue
        if each.span.end <= span.start:
            needed, gap = travel.get((each.campus_id, campus_id), 0), span.start - each.span.end
        else:
            needed, gap = travel.get((campus_id, each.campus_id), 0), each.span.start - span.end
        if gap < timedelta(minutes=needed):
            return needed
    return None


def weeks_around(spans: Sequence[Span], time_zone: str) -> Span:
    """Return the whole local weeks, from Monday, that some lessons lie in, a day more on both sides."""
    zone = ZoneInfo(time_zone)
    first, last = (edge.astimezone(zone).date() for edge in (min(spans).start, max(spans).start))
    begin, end = monday(first) - timedelta(days=1), monday(last) + timedelta(days=8)
    return Span(*(datetime.combine(day, datetime.min.time(), tzinfo=zone) for day in (begin, end)))


def minutes(span: Span) -> int:
    """Return the length of a lesson, begun minutes counted."""
    return -(-int((span.end - span.start).total_seconds()) // 60)


def monday(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - timedelta(days=day.weekday())
