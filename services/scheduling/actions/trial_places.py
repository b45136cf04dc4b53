"""Where a trial could take place: free seats in lessons that lie ahead, and free times of teachers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select

from services.scheduling.actions import campuses, courses, lessons, regulations, resources, teachers
from services.scheduling.models import Course, Lesson, LessonResource, Room, Teacher
from services.scheduling.rules import slots
from services.scheduling.rules.spans import Span
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput
from shared.listing import DEFAULT_SIZE, ListRequest, Page

_FARTHEST, _LONGEST_SEARCH, _USUAL_SEARCH = timedelta(days=366), timedelta(days=31), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """For whom a course should be, and who should be free; empty, 0 and None mean that it does not matter."""

    subject: str = ""
    school_grade: str = ""
    age_years: int = 0
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a teacher is free, and a room for it; None where the campus has none."""

    span: Span
    teacher: Teacher
    room_id: UUID | None


@dataclass(frozen=True, slots=True)
class Names:
    """What courses and teachers of a page are called."""

    courses: dict[UUID, str]
    teachers: dict[UUID, str]


def seats(
    tx: Tx, request: ListRequest, wanted: Wanted, *, since: datetime | None = None, until: datetime | None = None
) -> Page[Lesson]:
    """Return one page of lessons that have not begun, stand and have a free seat."""
    where: list[ColumnElement[bool]] = [
        Lesson.state == "scheduled",
        Lesson.seats_taken < Lesson.seat_limit,
        Lesson.start_time >= max(since or tx.now, tx.now),
        Lesson.course_id.in_(select(Course.id).where(Course.active, *_suits(wanted))),
    ]
    if until is not None:
        where.append(Lesson.start_time < until)
    if wanted.customer_id is not None:
        row = LessonResource
        theirs = (row.resource_id.in_(aliases.family(tx, wanted.customer_id)), row.state == "live")
        then = (row.start_time < Lesson.end_time, row.end_time > Lesson.start_time)
        where.append(~exists().where(*theirs, *then))
    return lessons.LISTING.page(tx, request, where)


def names(tx: Tx, found: Collection[Lesson]) -> Names:
    """Return the names that go with lessons."""
    courses_wanted = select(Course.id, Course.name).where(Course.id.in_({each.course_id for each in found}))
    staff = {each.teacher_id for each in found if each.teacher_id is not None}
    teachers_wanted = select(Teacher.id, Teacher.display_name).where(Teacher.id.in_(staff))
    return Names(dict(map(tuple, tx.execute(courses_wanted))), dict(map(tuple, tx.execute(teachers_wanted))))


def search(
    tx: Tx,
    *,
    campus_id: UUID,
    course_id: UUID,
    teacher_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> list[Slot]:
    """Return times for a one-to-one lesson of a course, the first ones.

    Raises CAMPUS_NOT_FOUND, COURSE_NOT_FOUND, TEACHER_NOT_FOUND, InvalidInput SEARCH_PERIOD_INVALID.
    """
    campus, course = campuses.get(tx, campus_id), courses.get(tx, course_id)
    period = _period(tx, since, until)
    staff = teachers.of_campus(tx, campus_id, course) if teacher_id is None else [teachers.get(tx, teacher_id)]
    staff = [each for each in staff if each.active and (not each.campus_ids or campus_id in each.campus_ids)]
    rooms = tx.session.scalars(select(Room).where(Room.campus_id == campus_id, Room.active)).all()
    places = teachers.availabilities(tx, [each.id for each in staff])
    busy = resources.busy(tx, [*(each.id for each in staff), *(room.id for room in rooms)], period)
    sizes = [(room.id, room.capacity) for room in rooms]
    limits = regulations.limits(tx, campus, course)
    found: list[Slot] = []
    for day in slots.days_of(period, campus.time_zone):
        free = [
            (span, each)
            for each in staff
            for span in slots.free_slots(
                places[each.id],
                busy[each.id],
                campus_id=campus_id,
                day=day,
                period=period,
                minutes=course.lesson_minutes,
                time_zone=campus.time_zone,
            )
        ]
        for span, each in sorted(free, key=lambda one: (one[0], one[1].display_name, one[1].id)):
            room_id = slots.room_for(sizes, busy, span)
            if limits.allows(span) and (room_id is not None or not sizes):
                found.append(Slot(span, each, room_id))
        if len(found) >= (limit or DEFAULT_SIZE):
            break
    return found[: limit or DEFAULT_SIZE]


def _suits(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    where: list[Any] = []
    if wanted.subject:
        where.append(Course.subject == wanted.subject)
    if wanted.school_grade:
        every = or_(Course.school_grades.is_(None), Course.school_grades == [])
        where.append(or_(every, Course.school_grades.any_() == wanted.school_grade))
    if wanted.age_years:
        where.append(func.coalesce(Course.least_age_years, 0) <= wanted.age_years)
        where.append(or_(func.coalesce(Course.most_age_years, 0) == 0, Course.most_age_years >= wanted.age_years))
    return where


def _period(tx: Tx, since: datetime | None, until: datetime | None) -> Span:
    """Return what is searched, in whole minutes from now on at the earliest."""
    start = max(since or tx.now, tx.now)
    if start - tx.now > _FARTHEST:
        raise InvalidInput("start_time", "search within a year", "SEARCH_PERIOD_INVALID")
    end = until or start + _USUAL_SEARCH
    if not timedelta() < end - start <= _LONGEST_SEARCH:
        raise InvalidInput("end_time", "search a period of at most 31 days that lies ahead", "SEARCH_PERIOD_INVALID")
    return Span(start, end)
