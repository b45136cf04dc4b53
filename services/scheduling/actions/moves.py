"""Moving one lesson: to another time, room or teacher, with the students in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonMoved
from services.scheduling.actions import lessons, plans, resources, trials
from services.scheduling.actions.plans import Plan, Wish
from services.scheduling.actions.resources import ROOM, TEACHER, Claim, Want
from services.scheduling.models import Lesson, LessonResource
from services.scheduling.rules.spans import Span, lesson_span
from shared.db import Tx
from shared.errors import Conflict
from shared.events import publish


def move(
    tx: Tx,
    lesson_id: UUID,
    *,
    start: datetime,
    end: datetime | None = None,
    room_id: UUID | None = None,
    teacher_ids: Sequence[UUID] = (),
    override_reason: str = "",
) -> Lesson:
    """Move a lesson; without an end it keeps its length, without a room or teachers it keeps those.

    Refusals: as for a new lesson, LESSON_CANCELLED, LESSON_TAUGHT; Conflict LESSON_CHANGED when another change of
    room or teachers came in between.
    """
    seen = lessons.get(tx, lesson_id)
    before = (seen.room_id, tuple(seen.teacher_ids))
    resources.lock(tx, seen.class_group_ids)
    plan = plans.resolve(tx, _wish(seen, room_id, teacher_ids))
    held = [*seen.teacher_ids, *([seen.room_id] if seen.room_id else [])]
    resources.lock(tx, [*held, *plan.staff_and_room_ids])
    lesson = lessons.get(tx, lesson_id, for_update=True)
    if before != (lesson.room_id, tuple(lesson.teacher_ids)):
        raise Conflict("LESSON_CHANGED", "somebody changed the lesson just now; look again")
    lessons.check_changeable(tx, lesson)
    old_start = lesson.start_time
    span = lesson_span(start, end or start + (lesson.end_time - old_start), 0)
    _check(tx, lesson, plan, span, override_reason)
    _apply(tx, lesson, plan, span)
    publish(
        tx,
        LessonMoved(
            lesson_id=str(lesson_id),
            campus_id=str(lesson.campus_id),
            old_start_time=old_start,
            start_time=span.start,
            end_time=span.end,
        ),
    )
    return lesson


def _wish(lesson: Lesson, room_id: UUID | None, teacher_ids: Sequence[UUID]) -> Wish:
    return Wish(
        campus_id=lesson.campus_id,
        course_id=lesson.course_id,
        class_group_ids=lesson.class_group_ids,
        teacher_ids=list(teacher_ids) or lesson.teacher_ids,
        room_id=room_id or lesson.room_id,
    )


def _check(tx: Tx, lesson: Lesson, plan: Plan, span: Span, override_reason: str) -> None:
    row = LessonResource
    live = select(row.resource_id).where(
        row.lesson_id == lesson.id, row.resource_kind == resources.STUDENT, row.state == "live"
    )
    student_ids = list(tx.execute(live).scalars())
    resources.lock(tx, student_ids)
    found = plans.objections(tx, plan, [span], attendants=lambda _: student_ids, ignoring=lesson.id)
    overridden = plans.check_objections(tx, plan, found, override_reason)
    lesson.override_reason = override_reason if overridden else ""
    lesson.override_by = tx.caller.subject_id if overridden else None
    if overridden:
        tx.audit("lesson.override", "lesson", lesson.id, rules=sorted({each.reason for each in found}))
    wanted = [*plan.group_ids, *plan.staff_and_room_ids, *student_ids]
    resources.check_free(tx, [Want(each, span) for each in wanted], ignoring=lesson.id)


def _apply(tx: Tx, lesson: Lesson, plan: Plan, span: Span) -> None:
    teacher_ids = [teacher.id for teacher in plan.teachers]
    room_id = plan.room.id if plan.room else None
    old = {*lesson.teacher_ids, *([lesson.room_id] if lesson.room_id else [])}
    resources.release(tx, [lesson.id], resource_ids=old - set(plan.staff_and_room_ids))
    row = LessonResource
    tx.execute(
        update(row)
        .where(row.lesson_id == lesson.id, row.state == "live")
        .values(start_time=span.start, end_time=span.end, update_time=tx.now)
    )
    kinds = dict.fromkeys(teacher_ids, TEACHER) | ({room_id: ROOM} if room_id else {})
    fresh = [Claim(lesson.id, kind, each, span) for each, kind in kinds.items() if each not in old]
    resources.claim(tx, fresh)
    lesson.start_time, lesson.end_time = span.start, span.end
    lesson.teacher_ids, lesson.teacher_id = teacher_ids, teacher_ids[0] if teacher_ids else None
    lesson.room_id = room_id
    lesson.seat_limit = plan.seat_limit(lesson.seats_taken)
    trials.move_with_lesson(tx, lesson)
