"""Which days a campus teaches: public holidays, make-up working days, closed days, terms and school breaks."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import chinese_calendar.constants as statutory

from services.scheduling.rules.spans import Span
from shared.errors import InvalidInput

WHOLE_WEEK = (1, 2, 3, 4, 5, 6, 7)
FIRST_WEEKEND_DAY = 6
BREAKS = ("winter_break", "summer_break")
_INSTANT = timedelta(microseconds=1)
_CHINESE_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


@dataclass(frozen=True, slots=True, order=True)
class SpecialDay:
    """A day that a notice names: off, or a weekend day on which people work."""

    day: date
    name: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class PublicCalendar:
    """What the notices of some years say; of other years nothing is known."""

    days: Mapping[date, SpecialDay] = field(default_factory=dict)
    known_years: frozenset[int] = frozenset()

    def holiday(self, day: date) -> str | None:
        """Return the name of the public holiday on that day, or None."""
        found = self.days.get(day)
        return found.name if found is not None and found.is_off else None

    def is_rest_day(self, day: date) -> bool:
        """Say whether people rest: a public holiday, or a weekend day that is no make-up working day."""
        found = self.days.get(day)
        return found.is_off if found is not None else day.isoweekday() >= FIRST_WEEKEND_DAY

    def unknown_years(self, first: date, last: date) -> list[int]:
        """Return the years between two dates of which no notice is known."""
        return [year for year in range(first.year, last.year + 1) if year not in self.known_years]


@dataclass(frozen=True, slots=True)
class Term:
    """A school term or break of a city, both dates included; `kind` is term, winter_break or summer_break."""

    city: str
    kind: str
    name: str
    start_date: date
    end_date: date

    def holds(self, day: date) -> bool:
        """Say whether a day belongs to it."""
        return self.start_date <= day <= self.end_date


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day without lessons: closed_date, closed_weekday, public_holiday or school_break, and its name."""

    day: date
    reason: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class CampusDays:
    """Everything that decides what kind of day it is at a campus."""

    time_zone: str
    city: str = ""
    open_weekdays: Collection[int] = WHOLE_WEEK
    closed_dates: Collection[date] = ()
    opens_on_public_holidays: bool = False
    public: PublicCalendar = field(default_factory=PublicCalendar)
    terms: Sequence[Term] = ()

    def closed(self, day: date) -> DayOff | None:
        """Return why nobody is at the campus that day, or None."""
        if day in self.closed_dates:
            return DayOff(day, "closed_date")
        return None if day.isoweekday() in self.open_weekdays else DayOff(day, "closed_weekday")

    def school_break(self, day: date) -> Term | None:
        """Return the school break of the city that holds a day, or None."""
        return next((term for term in self.terms if term.kind in BREAKS and term.holds(day)), None)

    def day_off(self, day: date, *, keeps_breaks: bool = False) -> DayOff | None:
        """Return why a series leaves a day out; only courses that keep school breaks leave those out."""
        holiday = None if self.opens_on_public_holidays else self.public.holiday(day)
        if found := self.closed(day):
            return found
        if holiday is not None:
            return DayOff(day, "public_holiday", holiday)
        term = self.school_break(day) if keeps_breaks else None
        return DayOff(day, "school_break", term.name) if term else None

    def touched(self, span: Span) -> list[date]:
        """Return the local days that a span touches; ending at midnight touches no other day."""
        zone = ZoneInfo(self.time_zone)
        first, last = span.start.astimezone(zone).date(), (span.end - _INSTANT).astimezone(zone).date()
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def local(self, moment: datetime) -> datetime:
        """Return a moment on the campus's clock, without a zone."""
        return moment.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)


def merged(notices: Mapping[int, Iterable[SpecialDay]]) -> PublicCalendar:
    """Return what notices of years say together; a notice may move days of the years beside its own."""
    days = {each.day: each for year in sorted(notices) for each in notices[year]}
    return PublicCalendar(days, frozenset(notices))


@cache
def statutory_days(year: int) -> tuple[SpecialDay, ...] | None:
    """Return the days of a year as the State Council has ordered them, or None while the year is not known."""
    off = {day: name for day, name in statutory.holidays.items() if day.year == year}
    if not off:
        return None
    work = {day: name for day, name in statutory.workdays.items() if day.year == year}
    named = [SpecialDay(day, _chinese(name), is_off=True) for day, name in off.items()]
    return tuple(sorted(named + [SpecialDay(day, _chinese(name), is_off=False) for day, name in work.items()]))


@cache
def statutory_notices() -> Mapping[int, tuple[SpecialDay, ...]]:
    """Return the days of every year that is known."""
    years = sorted({day.year for day in statutory.holidays})
    return {year: found for year in years if (found := statutory_days(year))}


def check_notice(year: int, days: Sequence[SpecialDay]) -> None:
    """Raise InvalidInput for a notice that names a day twice, or one that is not of its year or next to it."""
    if len({each.day for each in days}) < len(days):
        raise InvalidInput("days", "a day is named twice")
    if any(abs(each.day.year - year) > 1 for each in days):
        raise InvalidInput("days", "a notice is about its year and the days next to it")


def check_terms(terms: Sequence[Term]) -> None:
    """Raise InvalidInput for a term that ends before it starts, and for two that overlap."""
    for number, term in enumerate(terms):
        if term.end_date < term.start_date:
            raise InvalidInput(f"terms[{number}].end_date", "a term ends on or after its first day", "DATES_REVERSED")
    ordered = sorted(terms, key=lambda term: term.start_date)
    if any(after.start_date <= before.end_date for before, after in itertools.pairwise(ordered)):
        raise InvalidInput("terms", "two terms overlap")


def _chinese(name: str) -> str:
    return _CHINESE_NAMES.get(name, name)
