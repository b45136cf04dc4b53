"""What is left of the lessons of a class group, as billing needs it; and lessons by which a newcomer catches up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from services.scheduling.models import Lesson, LessonResource
from services.scheduling.rules.prorations import Proration
from shared.db import Tx

MOST_SUGGESTED = 20


def of(tx: Tx, class_group_id: UUID, moment: datetime) -> Proration:
    """Return how many lessons and hundredths of lesson hours a group has, and those from a moment on."""
    row, group = Lesson, LessonResource
    ahead = row.start_time >= moment
    counted = (
        select(
            func.count(),
            func.count().filter(ahead),
            func.coalesce(func.sum(row.lesson_hours_hundredths), 0),
            func.coalesce(func.sum(row.lesson_hours_hundredths).filter(ahead), 0),
        )
        .join(group, group.lesson_id == row.id)
        .where(group.resource_id == class_group_id, group.state == "live")
    )
    return Proration(*(int(each) for each in tx.execute(counted).one()))


def catch_up(tx: Tx, *, student_id: UUID, class_group_id: UUID, course_id: UUID) -> Sequence[Lesson]:
    """Return the next lessons of the course in other class groups that have a seat, twenty at most, by time."""
    held = select(LessonResource.lesson_id).where(
        LessonResource.resource_id.in_([student_id, class_group_id]), LessonResource.state == "live"
    )
    wanted = (
        select(Lesson)
        .where(
            Lesson.course_id == course_id,
            Lesson.state == "scheduled",
            Lesson.start_time > tx.now,
            Lesson.seats_taken < Lesson.seat_limit,
            Lesson.id.not_in(held),
        )
        .order_by(Lesson.start_time, Lesson.id)
        .limit(MOST_SUGGESTED)
    )
    return tx.session.scalars(wanted).all()
