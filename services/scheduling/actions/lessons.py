"""Lessons: looked up, and whether they may be changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from services.scheduling.actions import campuses
from services.scheduling.models import Attendance, Lesson, LessonResource
from services.scheduling.rules.scopes import ONE, Place, reached
from services.scheduling.rules.series import MOST_LESSONS
from services.scheduling.rules.spans import LONGEST, Span
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.listing import Field, Listing, ListRequest, Page

LISTING: Listing[Lesson] = Listing(
    Lesson,
    fields={
        "campus_id": Field(Lesson.campus_id),
        "course_id": Field(Lesson.course_id),
        "state": Field(Lesson.state, prefix="LESSON_STATE_"),
        "roll_call_state": Field(Lesson.roll_call_state, prefix="ROLL_CALL_STATE_"),
        "start_time": Field(Lesson.start_time),
    },
    default_order="start_time",
    columns=tuple(Lesson.__table__.columns),
)


def get(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> Lesson:
    """Return a lesson within the caller's scope, or raise NotFound."""
    return tx.load(Lesson, "lesson", lesson_id, for_update=for_update, share_key=True)


def get_ahead(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> Lesson:
    """Return a lesson that stands and is not over. LESSON_CANCELLED, LESSON_OVER."""
    lesson = get(tx, lesson_id, for_update=for_update)
    check_stands(lesson)
    if lesson.end_time <= tx.now:
        raise Refused("LESSON_OVER", "the lesson is over")
    return lesson


def check_taught_by(lesson: Lesson, teacher_id: UUID) -> None:
    """Refuse with TEACHER_NOT_OF_LESSON for who does not teach a lesson."""
    if teacher_id not in lesson.teacher_ids:
        raise Refused("TEACHER_NOT_OF_LESSON", "the teacher does not teach this lesson")


def get_taught(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> Lesson:
    """Return a lesson; to who has a grant for own rows one that they teach, alone, beside or instead of another."""
    lesson = get(tx, lesson_id, for_update=for_update)
    if tx.scope.own and tx.caller.subject_id not in lesson.teacher_ids:
        raise NotFound("lesson", lesson_id)
    return lesson


def each_once(lesson_ids: Sequence[UUID]) -> list[UUID]:
    """Return ids of lessons in order, or raise InvalidInput when one is named twice."""
    if len(set(lesson_ids)) != len(lesson_ids):
        raise InvalidInput("lesson_ids", "name each lesson once")
    return sorted(lesson_ids)


def lock(tx: Tx, lesson_ids: Collection[UUID]) -> dict[UUID, Lesson]:
    """Return lessons by id, their rows locked in the order that all changes take."""
    return {lesson_id: get(tx, lesson_id, for_update=True) for lesson_id in sorted(lesson_ids)}


def in_scope(tx: Tx, lesson: Lesson, scope: str) -> list[Lesson]:
    """Return the lessons that a change of one reaches, that one first, at most 500."""
    if scope == ONE or lesson.series_id is None:
        return [lesson]
    series = (Lesson.series_id == lesson.series_id, Lesson.state == "scheduled", Lesson.roll_call_state == "open")
    rows = {row.id: row for row in tx.session.scalars(select(Lesson).where(*series).limit(MOST_LESSONS))}
    places = [Place(row.id, Span(row.start_time, row.end_time)) for row in rows.values()]
    found = reached(
        Place(lesson.id, Span(lesson.start_time, lesson.end_time)),
        places,
        scope,
        time_zone=campuses.get(tx, lesson.campus_id).time_zone,
        now=tx.now,
    )
    return [lesson, *(rows[each.lesson_id] for each in found[1:])]


def staff_and_room_ids(lesson: Lesson) -> list[UUID]:
    """Return the teachers and the room of a lesson."""
    return [*lesson.teacher_ids, *([lesson.room_id] if lesson.room_id else [])]


def students_in(tx: Tx, lesson_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return everybody who is in each lesson, children of trials too."""
    row = LessonResource
    live = (row.lesson_id.in_(list(lesson_ids)), row.resource_kind == "student", row.state == "live")
    found: dict[UUID, list[UUID]] = {lesson_id: [] for lesson_id in lesson_ids}
    for lesson_id, student_id in tx.execute(select(row.lesson_id, row.resource_id).where(*live).order_by(row.id)):
        found[lesson_id].append(student_id)
    return found


def cancelled_with(tx: Tx, lesson_id: UUID) -> list[UUID]:
    """Return the students without a class group who were in a lesson when it was cancelled."""
    row = LessonResource
    were = (row.lesson_id == lesson_id, row.origin == "assigned", row.state == "cancelled")
    return list(tx.session.scalars(select(row.resource_id).where(*were).order_by(row.id)))


def check_changeable(tx: Tx, lesson: Lesson) -> None:
    """Refuse to change a lesson that is cancelled, or taught in the books."""
    check_stands(lesson)
    row = Attendance
    if tx.scalar(select(exists().where(row.lesson_id == lesson.id, row.state == "confirmed"))):
        raise Refused("LESSON_TAUGHT", "attendance of this lesson is confirmed; take it back first")


def check_stands(lesson: Lesson) -> None:
    """Refuse what a cancelled lesson does not take."""
    if lesson.state == "cancelled":
        raise Refused("LESSON_CANCELLED", "the lesson is cancelled")


def page(
    tx: Tx,
    request: ListRequest,
    *,
    campus_id: UUID | None = None,
    resource_ids: Sequence[UUID] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Lesson]:
    """Return one page of lessons that overlap [since, until) and have all of the resources, cancelled ones too."""
    where = _within(Lesson, since, until)
    if campus_id is not None:
        where.append(Lesson.campus_id == campus_id)
    row = LessonResource
    for resource_id in resource_ids:
        held = (row.resource_id == resource_id, row.state != "released", *_within(row, since, until))
        where.append(Lesson.id.in_(select(row.lesson_id).where(*held)))
    return LISTING.page(tx, request, where)


def open_roll_calls(tx: Tx, request: ListRequest) -> Page[Lesson]:
    """Return one page of lessons that stand, have begun, have somebody in them, and whose roll call is open."""
    row = Lesson
    where = (row.state == "scheduled", row.roll_call_state == "open", row.start_time <= tx.now, row.seats_taken > 0)
    return LISTING.page(tx, request, where)


def assigned_students(tx: Tx, lesson_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return the students who are in lessons without a class group, by lesson."""
    row = LessonResource
    wanted = select(row.lesson_id, row.resource_id).where(
        row.lesson_id.in_(list(lesson_ids)), row.origin == "assigned", row.state != "released"
    )
    found: dict[UUID, list[UUID]] = {}
    for lesson_id, student_id in tx.session.execute(wanted.order_by(row.id)):
        found.setdefault(lesson_id, []).append(student_id)
    return found


def _within(
    row: type[Lesson | LessonResource], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    """Return the overlap as comparisons of columns; the bound on the start alone lets an index be used."""
    where: list[ColumnElement[bool]] = []
    if since is not None:
        where += [row.end_time > since, row.start_time > since - LONGEST]
    if until is not None:
        where.append(row.start_time < until)
    return where
