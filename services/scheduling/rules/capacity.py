"""How full a campus is: minutes that are taken of a week, and what each subject could still teach in each hour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.rules.availability import Place, is_available
from services.scheduling.rules.calendars import CampusDays
from services.scheduling.rules.slots import is_free
from services.scheduling.rules.spans import Span

DAYS = 7
FIRST_HOUR, END_HOUR = 8, 21


@dataclass(frozen=True, slots=True)
class Week:
    """Seven local days of a campus, each reckoned as local hours [first_hour, end_hour)."""

    first: date
    first_hour: int
    end_hour: int
    days: CampusDays

    @property
    def dates(self) -> list[date]:
        """The days on which the campus is open."""
        every = (self.first + timedelta(days=number) for number in range(DAYS))
        return [day for day in every if self.days.day_off(day) is None]

    @property
    def open_minutes(self) -> int:
        """Minutes of the open days."""
        return len(self.dates) * (self.end_hour - self.first_hour) * 60

    @property
    def whole(self) -> Span:
        """All seven days, closed ones too."""
        return Span(_instant(self.first, 0, self.days), _instant(self.first + timedelta(days=DAYS), 0, self.days))

    def hours(self) -> list[tuple[date, int, Span]]:
        """Return each hour of the open days."""
        return [
            (day, hour, Span(_instant(day, hour, self.days), _instant(day, hour, self.days) + timedelta(hours=1)))
            for day in self.dates
            for hour in range(self.first_hour, self.end_hour)
        ]


@dataclass(frozen=True, slots=True)
class Person:
    """A teacher as capacity is counted: subjects, weekly times over all campuses, and when they teach, anywhere."""

    subjects: Collection[str]
    places: Sequence[Place]
    busy: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Hour:
    """A subject in an hour: lessons, teachers who could come and those of them who are free, rooms that are free."""

    day: date
    hour: int
    subject: str
    lessons: int
    available: int
    free: int
    rooms: int

    @property
    def short(self) -> bool:
        """Whether there cannot be one lesson more."""
        return not self.free or not self.rooms


def minutes_within(spans: Iterable[Span], period: Span) -> int:
    """Return how many minutes of a period spans take that do not overlap each other; begun minutes count whole."""
    inside = (min(span.end, period.end) - max(span.start, period.start) for span in spans if span.overlaps(period))
    return sum(-(-length // timedelta(minutes=1)) for length in inside)


def available_minutes(places: Iterable[Place], campus_id: UUID, dates: Iterable[date]) -> int:
    """Return the minutes of the weekly times that are named for a campus on these days."""
    here = [place.range for place in places if place.campus_id == campus_id]
    return sum(
        each.end_minute - each.start_minute for day in dates for each in here if each.weekday == day.isoweekday()
    )


def hourly(
    week: Week,
    campus_id: UUID,
    people: Sequence[Person],
    rooms: Sequence[Sequence[Span]],
    lessons: Mapping[str, Sequence[Span]],
) -> list[Hour]:
    """Return each subject in each hour in which somebody could teach it, or does.

    `rooms` are the spans in which each room is taken, `lessons` those of the campus by subject.
    """
    subjects = sorted({*lessons, *(subject for person in people for subject in person.subjects)})
    found = []
    for day, hour, span in week.hours():
        free_rooms = sum(is_free(taken, span) for taken in rooms)
        able = [
            person
            for person in people
            if is_available(person.places, campus_id=campus_id, span=span, time_zone=week.days.time_zone)
        ]
        for subject in subjects:
            mine = [person for person in able if subject in person.subjects]
            count = sum(span.overlaps(each) for each in lessons.get(subject, ()))
            if mine or count:
                free = sum(is_free(person.busy, span) for person in mine)
                found.append(Hour(day, hour, subject, count, len(mine), free, free_rooms))
    return found


def _instant(day: date, hour: int, days: CampusDays) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(days.time_zone)).astimezone(UTC)
