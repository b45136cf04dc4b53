"""Seats of lessons: taken and given back by students and trials alike. A check in the table stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update

from services.scheduling.models import Lesson
from shared.db import Tx
from shared.errors import Refused


def take(tx: Tx, lessons: Sequence[Lesson]) -> None:
    """Take one seat in each lesson; the rows must be locked. LESSON_FULL names the first that has none left."""
    for lesson in lessons:
        if lesson.seats_taken >= lesson.seat_limit:
            raise Refused(
                "LESSON_FULL",
                "every seat in the lesson is taken",
                lesson_id=str(lesson.id),
                start_time=lesson.start_time.isoformat(),
                seat_limit=lesson.seat_limit,
            )
    _count(tx, [lesson.id for lesson in lessons], 1)


def give_back(tx: Tx, lesson_ids: Sequence[UUID]) -> None:
    """Give one seat back in each lesson."""
    _count(tx, lesson_ids, -1)


def _count(tx: Tx, lesson_ids: Sequence[UUID], step: int) -> None:
    if lesson_ids:
        counted = update(Lesson).where(Lesson.id.in_(lesson_ids))
        tx.session.execute(
            counted.values(seats_taken=Lesson.seats_taken + step, update_time=tx.now),
            execution_options={"synchronize_session": "fetch"},
        )
