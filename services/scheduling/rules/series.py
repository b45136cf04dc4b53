"""A weekly pattern becomes lessons, in the time zone of the campus."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.rules.calendars import DayOff
from services.scheduling.rules.regulations import Limits
from services.scheduling.rules.spans import Span, first_overlap
from shared.errors import InvalidInput

LONGEST_DAYS = 400
MOST_LESSONS = 500


@dataclass(frozen=True, slots=True)
class Slot:
    """A lesson that repeats weekly: ISO weekday (1 Monday .. 7 Sunday), local start, length in minutes."""

    weekday: int
    start: time
    lesson_minutes: int


def expand(
    slots: Sequence[Slot], *, start_date: date, end_date: date, holiday_dates: Collection[date], time_zone: str
) -> list[Span]:
    """Return the spans of all lessons from start_date to end_date, both included, without the holidays, in order.

    A lesson keeps its local start through clock changes and always lasts its minutes. A start that a clock change
    skips moves forward by the change; of a start that comes twice the first is taken.
    Raises InvalidInput when the dates are odd, nothing is left, or lessons of the pattern overlap.
    """
    _check_dates(start_date, end_date)
    closed = frozenset(holiday_dates)
    spans = []
    for offset in range((end_date - start_date).days + 1):
        day = start_date + timedelta(days=offset)
        if day not in closed:
            spans += [span_of(day, slot, time_zone) for slot in slots if slot.weekday == day.isoweekday()]
    spans.sort()
    _check_spans(spans)
    return spans


def days_off(slots: Sequence[Slot], *, start_date: date, end_date: date, limits: Limits) -> list[DayOff]:
    """Return the days of the pattern that have no lesson because of what kind of days they are, in order.

    Raises InvalidInput when the dates are odd.
    """
    _check_dates(start_date, end_date)
    weekdays = {slot.weekday for slot in slots}
    wanted = (start_date + timedelta(days=n) for n in range((end_date - start_date).days + 1))
    found = (
        limits.days.day_off(day, keeps_breaks=limits.keeps_breaks) for day in wanted if day.isoweekday() in weekdays
    )
    return [each for each in found if each is not None]


def _check_dates(start_date: date, end_date: date) -> None:
    if end_date < start_date:
        raise InvalidInput("end_date", "a series ends on or after its first day")
    if (end_date - start_date).days >= LONGEST_DAYS:
        raise InvalidInput("end_date", f"a series lasts at most {LONGEST_DAYS} days")


def _check_spans(spans: list[Span]) -> None:
    if not spans:
        raise InvalidInput("slots", "no lesson falls on these dates")
    if len(spans) > MOST_LESSONS:
        raise InvalidInput("slots", f"a series has at most {MOST_LESSONS} lessons")
    if first_overlap(spans) is not None:
        raise InvalidInput("slots", "two lessons of the series overlap")


def span_of(day: date, slot: Slot, time_zone: str) -> Span:
    """Return the span of a slot's lesson on a local date."""
    zone = ZoneInfo(time_zone)
    # A wall-clock time that does not exist has the offset of before the change; in UTC it lands after the gap.
    start = datetime.combine(day, slot.start, tzinfo=zone).astimezone(UTC)
    return Span(start, start + timedelta(minutes=slot.lesson_minutes))
