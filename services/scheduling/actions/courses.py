"""The course catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import CourseChanged
from services.scheduling.models import Course
from services.scheduling.rules import courses as rules
from services.scheduling.rules.regulations import category_of
from shared.db import Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[Course] = Listing(
    Course,
    fields={
        "name": Field(Course.name),
        "kind": Field(Course.kind, prefix="COURSE_KIND_"),
        "subject": Field(Course.subject),
        "level": Field(Course.level),
        "active": Field(Course.active),
        "create_time": Field(Course.create_time),
    },
    default_order="name",
)


def get(tx: Tx, course_id: UUID, *, for_update: bool = False) -> Course:
    """Return a course, or raise NotFound."""
    return tx.load(Course, "course", course_id, for_update=for_update)


def create(
    tx: Tx,
    *,
    name: str,
    kind: str,
    subject: str,
    level: str,
    lesson_minutes: int,
    lesson_hours_hundredths: int,
    total_lesson_hours_hundredths: int,
    school_grades: Sequence[str] = (),
    least_age_years: int = 0,
    most_age_years: int = 0,
    category: str = "",
    online: bool = False,
    required_teacher_level: int = 0,
) -> Course:
    """Add a course; COURSE_NAME_TAKEN when there is one of that name, InvalidInput for ages the wrong way round."""
    rules.check_ages(least_age_years, most_age_years)
    course = Course(
        id=uuid7(),
        name=name,
        kind=kind,
        subject=subject,
        level=level,
        lesson_minutes=lesson_minutes,
        lesson_hours_hundredths=lesson_hours_hundredths,
        total_lesson_hours_hundredths=total_lesson_hours_hundredths,
        active=True,
        school_grades=sorted(set(school_grades)),
        least_age_years=least_age_years,
        most_age_years=most_age_years,
        category=category or None,
        online=online,
        required_teacher_level=required_teacher_level or None,
    )
    with tx.translating(_taken(name)):
        tx.session.add(course)
    announce(tx, course)
    return course


def update(tx: Tx, course_id: UUID, changes: Mapping[str, Any]) -> Course:
    """Change columns of a course. Lessons that exist keep the lesson hours they were made with."""
    rules.check(changes)
    course = get(tx, course_id, for_update=True)
    ages = (changes.get(name, getattr(course, name)) or 0 for name in ("least_age_years", "most_age_years"))
    rules.check_ages(*ages)
    for each in changes.get("prerequisite_course_ids", ()):
        if each == course_id:
            raise InvalidInput("prerequisite_course_ids", "a course does not presuppose itself")
        get(tx, each)
    with tx.translating(_taken(changes.get("name", course.name))):
        for column, value in changes.items():
            setattr(course, column, (value or None) if column == "required_teacher_level" else value)
    announce(tx, course)
    return course


def announce(tx: Tx, course: Course) -> None:
    """Publish CourseChanged with all that others know of the course."""
    category = category_of(course.category, school_grades=course.school_grades, most_age_years=course.most_age_years)
    event = CourseChanged(
        course_id=str(course.id),
        kind=course.kind,
        subject=course.subject,
        category=category,
        lesson_minutes=course.lesson_minutes,
        lesson_hours_hundredths=course.lesson_hours_hundredths,
        online=bool(course.online),
        name=course.name,
    )
    publish(tx, event)


def _taken(name: str) -> dict[str, Callable[[], DomainError]]:
    return {
        "uq_course_name": lambda: AlreadyExists("COURSE_NAME_TAKEN", "there is a course of that name", name=name),
    }
