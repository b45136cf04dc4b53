"""Lessons: looked up, and whether they may be changed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, select

from services.scheduling.models import Attendance, Lesson
from shared.db import Tx
from shared.errors import NotFound, Refused


def get(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> Lesson:
    """Return a lesson within the caller's scope, or raise NotFound."""
    lock: dict[str, bool] | None = {"key_share": True} if for_update else None
    lesson = tx.session.get(Lesson, (tx.institution_id, lesson_id), with_for_update=lock, populate_existing=for_update)
    if lesson is None:
        raise NotFound("lesson", lesson_id)
    return lesson


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
