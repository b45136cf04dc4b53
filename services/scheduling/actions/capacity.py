"""What a campus could still teach: free rooms and teachers, how full a week is, where a subject runs short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import calendars, campuses, courses, resources, teachers
from services.scheduling.models import Campus, Course, Lesson, Room, Teacher
from services.scheduling.rules import capacity as rules
from services.scheduling.rules.availability import is_available
from services.scheduling.rules.capacity import Hour, Person, Week
from services.scheduling.rules.slots import is_free
from services.scheduling.rules.spans import LONGEST, Span
from shared.db import Tx
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Hours:
    """Which seven local days, and which local hours of a day; no day: this week, 0 and 0: the usual hours."""

    first: date | None = None
    first_hour: int = 0
    end_hour: int = 0


@dataclass(frozen=True, slots=True)
class TeacherLoad:
    """Minutes that a teacher teaches at a campus and anywhere, and those that they have named for it."""

    teacher: Teacher
    here: int
    taught: int
    available: int


@dataclass(frozen=True, slots=True)
class Load:
    """How much of a week is taken, in minutes."""

    week: Week
    rooms: list[tuple[Room, int]]
    teachers: list[TeacherLoad]


def free(
    tx: Tx, campus_id: UUID, span: Span, *, course_id: UUID | None, least_capacity: int
) -> tuple[list[Room], list[Teacher]]:
    """Return rooms, the smallest first, and teachers who are free for all of a time.

    Raises CAMPUS_NOT_FOUND, COURSE_NOT_FOUND, InvalidInput PERIOD_INVALID.
    """
    if not timedelta() < span.end - span.start <= LONGEST:
        raise InvalidInput("end_time", "ask for a time of at most a day", "PERIOD_INVALID")
    campus = campuses.get(tx, campus_id)
    course = courses.get(tx, course_id) if course_id is not None else None
    rooms, staff = _rooms(tx, campus_id), teachers.of_campus(tx, campus_id, course)
    busy = resources.busy(tx, [*(room.id for room in rooms), *(each.id for each in staff)], span)
    places = teachers.availabilities(tx, [each.id for each in staff])
    fitting = [room for room in rooms if room.capacity >= least_capacity and is_free(busy.get(room.id, ()), span)]
    able = [
        each
        for each in staff
        if is_free(busy.get(each.id, ()), span)
        and is_available(places[each.id], campus_id=campus_id, span=span, time_zone=campus.time_zone)
    ]
    return sorted(fitting, key=lambda room: (room.capacity, room.name)), sorted(able, key=lambda one: one.display_name)


def load(tx: Tx, campus_id: UUID, hours: Hours) -> Load:
    """Return how full a week of a campus is. Raises CAMPUS_NOT_FOUND, InvalidInput PERIOD_INVALID."""
    week = _week(tx, campuses.get(tx, campus_id), hours)
    rooms, staff = _rooms(tx, campus_id), teachers.of_campus(tx, campus_id)
    busy = resources.busy(tx, [*(room.id for room in rooms), *(each.id for each in staff)], week.whole)
    places = teachers.availabilities(tx, [each.id for each in staff])
    here: dict[UUID, list[Span]] = defaultdict(list)
    for lesson in _lessons(tx, campus_id, week.whole):
        for teacher_id in lesson.teacher_ids:
            here[teacher_id].append(Span(lesson.start_time, lesson.end_time))
    return Load(
        week,
        [(room, rules.minutes_within(busy.get(room.id, ()), week.whole)) for room in rooms],
        [
            TeacherLoad(
                each,
                rules.minutes_within(here[each.id], week.whole),
                rules.minutes_within(busy.get(each.id, ()), week.whole),
                rules.available_minutes(places[each.id], campus_id, week.dates),
            )
            for each in staff
        ],
    )


def hourly(tx: Tx, campus_id: UUID, hours: Hours, *, subject: str = "") -> tuple[Week, list[Hour]]:
    """Return what each subject could still teach in each hour. Raises CAMPUS_NOT_FOUND, InvalidInput PERIOD_INVALID."""
    week = _week(tx, campuses.get(tx, campus_id), hours)
    rooms, staff = _rooms(tx, campus_id), teachers.of_campus(tx, campus_id)
    busy = resources.busy(tx, [*(room.id for room in rooms), *(each.id for each in staff)], week.whole)
    places = teachers.availabilities(tx, [each.id for each in staff])
    people = [
        Person({skill["subject"] for skill in each.skills}, places[each.id], busy.get(each.id, ())) for each in staff
    ]
    found = rules.hourly(
        week, campus_id, people, [busy.get(room.id, ()) for room in rooms], _by_subject(tx, campus_id, week.whole)
    )
    return week, [each for each in found if not subject or each.subject == subject]


def _week(tx: Tx, campus: Campus, hours: Hours) -> Week:
    first_hour, end_hour = hours.first_hour, hours.end_hour
    if not first_hour and not end_hour:
        first_hour, end_hour = rules.FIRST_HOUR, rules.END_HOUR
    if first_hour >= end_hour:
        raise InvalidInput("end_hour", "a day ends after it begins", "PERIOD_INVALID")
    days = calendars.days_of(tx, campus)
    today = days.local(tx.now).date()
    return Week(hours.first or today - timedelta(days=today.weekday()), first_hour, end_hour, days)


def _rooms(tx: Tx, campus_id: UUID) -> Sequence[Room]:
    wanted = select(Room).where(Room.campus_id == campus_id, Room.active)
    return tx.session.scalars(wanted.order_by(Room.name)).all()


def _lessons(tx: Tx, campus_id: UUID, period: Span) -> Sequence[Lesson]:
    within = (Lesson.start_time > period.start - LONGEST, Lesson.start_time < period.end)
    wanted = select(Lesson).where(Lesson.campus_id == campus_id, Lesson.state == "scheduled", *within)
    return tx.session.scalars(wanted).all()


def _by_subject(tx: Tx, campus_id: UUID, period: Span) -> dict[str, list[Span]]:
    lessons = _lessons(tx, campus_id, period)
    wanted = select(Course.id, Course.subject).where(Course.id.in_({lesson.course_id for lesson in lessons}))
    subjects = {row[0]: row[1] for row in tx.execute(wanted)}
    found: dict[str, list[Span]] = defaultdict(list)
    for lesson in lessons:
        found[subjects[lesson.course_id]].append(Span(lesson.start_time, lesson.end_time))
    return found
