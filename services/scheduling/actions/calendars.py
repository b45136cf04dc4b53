"""Calendars: notices of public holidays, school terms per city, and what kind of days a campus has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.scheduling.actions import campuses, resources
from services.scheduling.models import Campus, HolidayNotice, SchoolTerm
from services.scheduling.rules import calendars as rules
from services.scheduling.rules.calendars import CampusDays, DayOff, PublicCalendar, SpecialDay, Term
from shared.db import Tx
from shared.errors import InvalidInput
from shared.tables import stamped

_USUAL, _LONGEST = timedelta(days=90), timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Overview:
    """A campus, its days off in some time, and the years of that time whose notice is not known."""

    campus: Campus
    days_off: list[DayOff]
    unknown_years: list[int]


def public(tx: Tx) -> PublicCalendar:
    """Return what is known of public holidays: the institution's own notices, else what the State Council ordered."""
    return rules.merged({**rules.statutory_notices(), **_own_notices(tx)})


def notice(tx: Tx, year: int) -> tuple[Sequence[SpecialDay], str]:
    """Return the days of a year's notice and its source; no day and no source while it is not known."""
    own = tx.session.scalar(select(HolidayNotice).where(HolidayNotice.year == year))
    if own is not None:
        return _days(own), own.source
    return rules.statutory_days(year) or (), ""


def import_notice(tx: Tx, year: int, days: Sequence[SpecialDay], source: str) -> Sequence[SpecialDay]:
    """Put a notice in place of what was known of a year. CHAIN_SCOPE_NEEDED, InvalidInput for odd days."""
    tx.check_chain()
    rules.check_notice(year, days)
    ordered = sorted(days)
    told = [{"day": each.day.isoformat(), "name": each.name, "is_off": each.is_off} for each in ordered]
    row = insert(HolidayNotice).values(stamped(tx, year=year, source=source, days=told))
    renewed = {name: row.excluded[name] for name in ("source", "days", "update_time")}
    tx.execute(row.on_conflict_do_update(constraint="uq_holiday_notice_year", set_=renewed))
    tx.audit("calendar.update", "holiday_notice", year, days=len(ordered))
    return ordered


def terms(tx: Tx, city: str = "") -> list[Term]:
    """Return the terms and breaks in force, of one city if wanted, by first day."""
    row = SchoolTerm
    columns = (row.city, row.kind, row.name, row.start_date, row.end_date)
    wanted = select(*columns).where(row.replace_time.is_(None))
    if city:
        wanted = wanted.where(row.city == city)
    return [Term(*each) for each in tx.execute(wanted.order_by(row.start_date, row.city))]


def set_terms(tx: Tx, city: str, fresh: Sequence[Term]) -> list[Term]:
    """Replace the terms and breaks of a city; the old ones stay as history. CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    rules.check_terms(fresh)
    resources.lock(tx, [tx.institution_id])
    row = SchoolTerm
    present = (row.city == city, row.replace_time.is_(None))
    tx.execute(update(row).where(*present).values(replace_time=tx.now, update_time=tx.now))
    tx.session.add_all(
        SchoolTerm(
            city=city,
            kind=each.kind,
            name=each.name,
            start_date=each.start_date,
            end_date=each.end_date,
            replace_time=None,
        )
        for each in fresh
    )
    tx.session.flush()
    tx.audit("calendar.update", "school_term", city, terms=len(fresh))
    return terms(tx, city)


def set_campus(
    tx: Tx, campus_id: UUID, *, city: str, open_weekdays: Collection[int], opens_on_public_holidays: bool
) -> Campus:
    """Say in which city a campus is and when it opens; no weekday means every day. Lessons that stand stay."""
    campus = campuses.get(tx, campus_id)
    campus.city = city
    campus.open_weekdays = sorted(set(open_weekdays)) or None
    campus.opens_on_public_holidays = opens_on_public_holidays
    tx.audit("calendar.update", "campus", campus_id)
    return campus


def overview(tx: Tx, campus_id: UUID, start: date | None, end: date | None) -> Overview:
    """Return the days off of a campus between two dates, both included; without dates those of the next 90 days.

    Raises CAMPUS_NOT_FOUND, InvalidInput PERIOD_INVALID.
    """
    campus = campuses.get(tx, campus_id)
    days = days_of(tx, campus)
    first = start or days.local(tx.now).date()
    last = end or first + _USUAL
    if not timedelta() <= last - first < _LONGEST:
        raise InvalidInput("end_date", "ask for at most 400 days", "PERIOD_INVALID")
    wanted = (first + timedelta(days=n) for n in range((last - first).days + 1))
    found = [each for day in wanted if (each := days.day_off(day, keeps_breaks=True))]
    return Overview(campus, found, days.public.unknown_years(first, last))


def days_of(tx: Tx, campus: Campus) -> CampusDays:
    """Return everything that decides what kind of day it is at a campus."""
    return CampusDays(
        time_zone=campus.time_zone,
        city=campus.city or "",
        open_weekdays=frozenset(campus.open_weekdays or rules.WHOLE_WEEK),
        closed_dates=frozenset(campus.closed_dates or ()),
        opens_on_public_holidays=bool(campus.opens_on_public_holidays),
        public=public(tx),
        terms=terms(tx, campus.city) if campus.city else (),
    )


def _own_notices(tx: Tx) -> dict[int, Sequence[SpecialDay]]:
    return {row.year: _days(row) for row in tx.session.scalars(select(HolidayNotice))}


def _days(row: HolidayNotice) -> list[SpecialDay]:
    return [SpecialDay(date.fromisoformat(each["day"]), each["name"], each["is_off"]) for each in row.days]
