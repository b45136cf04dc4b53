"""How lessons stand, told to other services after each change."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonChanged
from services.scheduling.actions.resources import STUDENT
from services.scheduling.models import Lesson, LessonResource
from shared.db import Tx
from shared.events import publish
from shared.wire_values import id_text


def announce(tx: Tx, lesson_ids: Collection[UUID]) -> None:
    """Publish LessonChanged for each lesson, as it stands within this transaction."""
    by_name = _by_name(tx, lesson_ids)
    for lesson in tx.session.scalars(select(Lesson).where(Lesson.id.in_(list(lesson_ids))).order_by(Lesson.id)):
        event = LessonChanged(
            lesson_id=str(lesson.id),
            campus_id=str(lesson.campus_id),
            course_id=str(lesson.course_id),
            class_group_ids=[str(group_id) for group_id in lesson.class_group_ids],
            teacher_id=id_text(lesson.teacher_id),
            room_id=id_text(lesson.room_id),
            start_time=lesson.start_time,
            end_time=lesson.end_time,
            student_ids=by_name.get(lesson.id, []),
            cancelled=lesson.state == "cancelled",
        )
        publish(tx, event)


def announce_one(tx: Tx, lesson: Lesson) -> None:
    """Publish LessonChanged for a lesson that others have not heard of."""
    announce(tx, [lesson.id])


def _by_name(tx: Tx, lesson_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the students who come without a class group, by lesson; children of trials are not among them."""
    row = LessonResource
    live = (row.lesson_id.in_(list(lesson_ids)), row.resource_kind == STUDENT, row.state == "live")
    alone = (row.class_group_id.is_(None), row.origin != "trial")
    found: dict[UUID, list[str]] = {}
    for lesson_id, student_id in tx.execute(
        select(row.lesson_id, row.resource_id).where(*live, *alone).order_by(row.id)
    ):
        found.setdefault(lesson_id, []).append(str(student_id))
    return found
