"""How far class groups and students are in a syllabus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from services.scheduling.actions import attendance_codes, campuses, class_groups, students, syllabi
from services.scheduling.actions.syllabi import Edition
from services.scheduling.models import Attendance, ClassGroup, ClassRecord, Lesson, LessonResource, Membership
from services.scheduling.rules.syllabi import Attended, Held, Progress, group_progress, student_points
from shared import aliases
from shared.db import Tx

MOST_CATCH_UPS = 3
# Groups whose coming lessons are looked through.
_MOST_GROUPS = 50


class CatchUp(NamedTuple):
    """A lesson of another class group that brings a point."""

    lesson_id: UUID
    class_group_id: UUID
    start_time: datetime


@dataclass(frozen=True, slots=True)
class GroupProgress:
    """The version that a class group follows and how far it is."""

    edition: Edition
    progress: Progress
    forecast_end_date: date | None


@dataclass(frozen=True, slots=True)
class StudentProgress:
    """How a student stands to each point: the state and the lesson that says so."""

    edition: Edition
    group: ClassGroup | None
    points: dict[UUID, tuple[str, UUID | None]]
    catch_ups: dict[UUID, list[CatchUp]] = field(default_factory=dict)


def of_group(tx: Tx, class_group_id: UUID) -> GroupProgress:
    """Return how far a class group is. NotFound also for a syllabus that its course does not have."""
    group = class_groups.get(tx, class_group_id)
    edition = syllabi.of_group(tx, group)
    points = {point.point_id: point.lesson_number for point in edition.points}
    progress = group_progress(points, _held(tx, class_group_id), tx.now)
    end = progress.forecast_end
    zone = ZoneInfo(campuses.get(tx, group.campus_id).time_zone) if end else None
    return GroupProgress(edition, progress, end.astimezone(zone).date() if end else None)


def of_student(tx: Tx, student_id: UUID, course_id: UUID) -> StudentProgress:
    """Return how far a student is in a course; NotFound for a student of another campus, course or syllabus."""
    students.get(tx, student_id)
    one = aliases.family(tx, student_id)
    group = _group(tx, one, course_id)
    edition = syllabi.of_group(tx, group) if group else syllabi.newest(tx, course_id)
    held = _held(tx, group.id) if group else []
    points = student_points(edition.point_ids, _attended(tx, one), held)
    missed = [point_id for point_id, (state, _) in points.items() if state == "missed"]
    return StudentProgress(edition, group, points, _catch_ups(tx, one, group, course_id, missed))


def _held(tx: Tx, class_group_id: UUID) -> list[Held]:
    """Return the lessons of a class group that stand, by time, with what their final records name."""
    row = LessonResource
    wanted = (
        select(row.lesson_id, row.start_time, row.end_time, ClassRecord.point_ids)
        .outerjoin(ClassRecord, and_(ClassRecord.lesson_id == row.lesson_id, ClassRecord.state == "final"))
        .where(row.resource_id == class_group_id, row.resource_kind == "class_group", row.state == "live")
        .order_by(row.start_time, row.lesson_id)
    )
    return [Held(lesson, start, end, frozenset(points or ())) for lesson, start, end, points in tx.execute(wanted)]


def _attended(tx: Tx, student_ids: Sequence[UUID]) -> list[Attended]:
    """Return the lessons with a final record that a student was expected at, by time."""
    present = [each.code for each in attendance_codes.by_code(tx).values() if each.counts_as_present]
    row = LessonResource
    wanted = (
        select(row.lesson_id, ClassRecord.point_ids, Attendance.state, Attendance.code)
        .join(ClassRecord, and_(ClassRecord.lesson_id == row.lesson_id, ClassRecord.state == "final"))
        .outerjoin(Attendance, and_(Attendance.lesson_id == row.lesson_id, Attendance.student_id == row.resource_id))
        .where(row.resource_id.in_(student_ids), row.resource_kind == "student", row.state == "live")
        .where(row.origin != "trial")
        .order_by(row.start_time, row.lesson_id)
    )
    return [
        Attended(lesson, frozenset(points), code in present if state == "confirmed" else None)
        for lesson, points, state, code in tx.execute(wanted)
    ]


def _group(tx: Tx, student_ids: Sequence[UUID], course_id: UUID) -> ClassGroup | None:
    row = Membership
    wanted = (
        select(ClassGroup)
        .join(row, row.class_group_id == ClassGroup.id)
        .where(row.student_id.in_(student_ids), ClassGroup.course_id == course_id)
        .order_by(row.leave_time.is_(None).desc(), row.join_time.desc(), row.id.desc())
        .limit(1)
    )
    return tx.session.scalars(wanted).one_or_none()


def _catch_ups(
    tx: Tx, student_ids: Sequence[UUID], own: ClassGroup | None, course_id: UUID, point_ids: Collection[UUID]
) -> dict[UUID, list[CatchUp]]:
    """Return by missed point the next lessons of other groups in which their syllabus plans it and a seat is free."""
    found: dict[UUID, list[CatchUp]] = defaultdict(list)
    if not point_ids:
        return found
    groups = (
        select(ClassGroup)
        .where(ClassGroup.course_id == course_id, ClassGroup.stage.in_(("forming", "running")))
        .order_by(ClassGroup.id)
        .limit(_MOST_GROUPS)
    )
    planned: dict[tuple[UUID, int], list[UUID]] = defaultdict(list)
    others = [each for each in tx.session.scalars(groups) if own is None or each.id != own.id]
    for each in others:
        for point in syllabi.of_group(tx, each).points:
            if point.lesson_number and point.point_id in point_ids:
                planned[each.id, point.lesson_number].append(point.point_id)
    for lesson_id, group_id, number, start in _coming(tx, student_ids, [each.id for each in others]):
        for point_id in planned.get((group_id, number), ()):
            if len(found[point_id]) < MOST_CATCH_UPS:
                found[point_id].append(CatchUp(lesson_id, group_id, start))
    return found


def _coming(
    tx: Tx, student_ids: Sequence[UUID], group_ids: Sequence[UUID]
) -> Sequence[tuple[UUID, UUID, int, datetime]]:
    """Return the coming lessons of groups with a free seat that the student is not in, numbered within each group."""
    row, own = LessonResource, LessonResource.__table__.alias()
    number = func.row_number().over(partition_by=row.resource_id, order_by=(row.start_time, row.lesson_id))
    numbered = (
        select(row.lesson_id, row.resource_id, number.label("number"))
        .where(row.resource_id.in_(group_ids), row.resource_kind == "class_group", row.state == "live")
        .subquery()
    )
    taken = select(own.c.lesson_id).where(own.c.resource_id.in_(student_ids), own.c.state == "live")
    wanted = (
        select(numbered.c.lesson_id, numbered.c.resource_id, numbered.c.number, Lesson.start_time)
        .join(Lesson, Lesson.id == numbered.c.lesson_id)
        .where(
            Lesson.start_time > tx.now,
            Lesson.state == "scheduled",
            Lesson.seats_taken < Lesson.seat_limit,
            Lesson.id.not_in(taken),
        )
        .order_by(Lesson.start_time, Lesson.id)
    )
    return [(each[0], each[1], each[2], each[3]) for each in tx.execute(wanted)]
