"""What the solver plans keeps the law on every single date, at campuses with different clocks (SAFETY E4, E5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.scheduling.actions import calendars, regulations, timetable_exceptions
from services.scheduling.actions import timetable_acceptance as acceptance
from services.scheduling.actions import timetable_runs as runs
from services.scheduling.models import Campus, ClassGroup, Course, Lesson, TimetableProposal, TimetableRun
from services.scheduling.rules.timetabling.places import WeeklyPlace
from shared.caller import Caller
from shared.db import Database, Tx
from tests.scheduling import factories as make
from tests.scheduling.planning import carry_out, proposed
from tests.scheduling.test_regulations import SUMMER, is_lawful

NOW = datetime(2025, 12, 20, tzinfo=UTC)
CITY, FRIDAY = "上海", 5
ZONES = ("Asia/Shanghai", "America/New_York")
# Kinds of courses: category, online, minutes, lessons a week, class groups at each campus.
KINDS = (
    ("school_age_other", False, 90, 7, 9),
    ("school_age_other", True, 60, 7, 5),
    ("school_age_subject", False, 45, 5, 6),
    ("school_age_subject", True, 30, 5, 4),
)


def test_of_ten_thousand_lessons_that_the_solver_planned_none_breaks_the_law(
    database: Database, caller: Caller
) -> None:
    """The dates of all proposals are looked at, and the lessons of those of one weekday, which are accepted."""
    with database.begin(caller, now=NOW) as tx:
        calendars.set_terms(tx, CITY, [replace(SUMMER, city=CITY)])
        campuses = [make.campus(tx, time_zone=zone) for zone in ZONES]
        for campus in campuses:
            calendars.set_campus(tx, campus.id, city=CITY, open_weekdays=[], opens_on_public_holidays=True)
        opened = {group.id: what for campus in campuses for group, what in _open(tx, campus)}
        run = _planned(tx, campuses, {group_id: lessons for group_id, (_, lessons) in opened.items()})
        found: Counter[str] = Counter()
        for proposal in proposed(tx, run):
            course, campus = opened[proposal.class_group_id][0], tx.session.get_one(Campus, _key(tx, proposal))
            for day in _dates(tx, run, proposal, campus, course):
                start = datetime.combine(day, time(), ZoneInfo(campus.time_zone))
                start += timedelta(minutes=proposal.place["start_minute"])
                end = start + timedelta(minutes=proposal.place["lesson_minutes"])
                found[course.category or ""] += 1
                assert _keeps_the_law(course, start, end)
        assert found.total() >= 10_000, found
        assert min(found.values()) > 2_000, found

        fridays = [each.id for each in proposed(tx, run) if each.place["weekday"] == FRIDAY]
        created = acceptance.accept(tx, run.id, fridays).created
        zones = {campus.id: ZoneInfo(campus.time_zone) for campus in campuses}
        lessons = tx.session.scalars(select(Lesson)).all()
        assert len(lessons) == created > 1_000
        for lesson in lessons:
            start, end = (each.astimezone(zones[lesson.campus_id]) for each in (lesson.start_time, lesson.end_time))
            assert _keeps_the_law(opened[lesson.class_group_ids[0]][0], start, end)
            assert not lesson.override_reason


def _keeps_the_law(course: Course, start: datetime, end: datetime) -> bool:
    return is_lawful(start, end, subject=course.category == "school_age_subject", online=bool(course.online))


def _key(tx: Tx, proposal: TimetableProposal) -> tuple[UUID, UUID]:
    return tx.institution_id, proposal.campus_id


def _dates(tx: Tx, run: TimetableRun, proposal: TimetableProposal, campus: Campus, course: Course) -> Iterator[date]:
    """Yield the dates of a proposal: those of its place, less those that it leaves out."""
    place = WeeklyPlace.from_json(proposal.place)
    left_out = {date.fromisoformat(each["date"]) for each in proposal.exceptions}
    for day in timetable_exceptions.dates(tx, run, place, campus, regulations.limits(tx, campus, course)):
        if day not in left_out:
            yield day


def _open(tx: Tx, campus: Campus) -> list[tuple[ClassGroup, tuple[Course, int]]]:
    """Open class groups of each kind, each with a teacher and a room of its own."""
    opened = []
    for category, online, minutes, lessons, count in KINDS:
        course = make.course(tx, category=category, online=online, lesson_minutes=minutes)
        for _ in range(count):
            group = make.class_group(
                tx, campus, taught=course, led_by=make.teacher(tx, campus), usual_room=make.room(tx, campus)
            )
            opened.append((group, (course, lessons)))
    return opened


def _planned(tx: Tx, campuses: list[Campus], demands: dict[UUID, int]) -> TimetableRun:
    """Plan a year of both campuses, days and evenings."""
    wanted = runs.Wanted(
        campus_ids=[campus.id for campus in campuses],
        start_date=date(2026, 1, 1),
        end_date=date(2026, 12, 31),
        demands=demands,
        day_start_minute=8 * 60,
        day_end_minute=22 * 60,
        time_limit_seconds=60,
        improve_seconds=0,
    )
    run = carry_out(tx, runs.create(tx, wanted))
    assert (run.placed_count, run.unplaced) == (run.meeting_count, [])
    return run
