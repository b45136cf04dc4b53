"""What was changed in lessons by hand: before, after, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import lesson_notices, lesson_states, lessons
from services.scheduling.models import Lesson, LessonChange
from shared.db import Tx
from shared.ids import uuid7
from shared.wire_values import id_text

Facts = dict[str, Any]


def facts(lesson: Lesson) -> Facts:
    """Return what of a lesson can be changed by hand: times, room, teachers, class groups and state."""
    return {
        "start_time": lesson.start_time.isoformat(),
        "end_time": lesson.end_time.isoformat(),
        "room_id": id_text(lesson.room_id),
        "teacher_ids": [str(each) for each in lesson.teacher_ids],
        "class_group_ids": [str(each) for each in lesson.class_group_ids],
        "state": lesson.state,
    }


def record(tx: Tx, kind: str, before: Mapping[UUID, Facts], changed: Sequence[Lesson], reason: str) -> None:
    """Keep what one command made of lessons, and let their families know; `before` has their facts by id."""
    command_id = uuid7()
    tx.session.add_all(
        LessonChange(
            campus_id=lesson.campus_id,
            lesson_id=lesson.id,
            command_id=command_id,
            kind=kind,
            before=before[lesson.id],
            after=facts(lesson),
            reason=reason,
            actor_id=tx.caller.subject_id,
        )
        for lesson in changed
    )
    tx.session.flush()
    lesson_states.announce(tx, [lesson.id for lesson in changed])
    lesson_notices.tell(tx, command_id, kind, before, changed)


def of_lesson(tx: Tx, lesson_id: UUID) -> list[LessonChange]:
    """Return the changes of a lesson, oldest first, or raise NotFound for one that the caller does not see."""
    lessons.get(tx, lesson_id)
    row = LessonChange
    wanted = select(row).where(row.lesson_id == lesson_id).order_by(row.create_time, row.id)
    return list(tx.session.scalars(wanted.limit(200)))
