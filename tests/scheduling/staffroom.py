"""A lesson whose teacher cannot come, and colleagues who could take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.scheduling.actions import substitute_offers, substitutes, teachers
from services.scheduling.models import Campus, Course, Lesson, SubstituteOffer, SubstituteRequest, Teacher
from shared.db import Tx
from tests.scheduling import factories as make


@dataclass
class Staffroom:
    """A campus with a lesson of one teacher, and colleagues who could take it."""

    campus: Campus
    course: Course
    lesson: Lesson
    teacher: Teacher
    colleagues: list[Teacher]
    child: UUID

    def want(self, tx: Tx) -> SubstituteRequest:
        """Ask for somebody for the lesson."""
        (row,) = substitutes.request(
            tx, self.teacher.id, lesson_ids=[self.lesson.id], teacher_exception_id=None, reason="发烧"
        )
        return row


def staffroom(tx: Tx, number: int = 2) -> Staffroom:
    campus, course = make.campus(tx), make.course(tx)
    teacher, *colleagues = (make.teacher(tx, campus) for _ in range(number + 1))
    for each in (teacher, *colleagues):
        teachers.set_skills(tx, each.id, [("math", "P3")])
    group = make.class_group(tx, campus, taught=course, led_by=teacher)
    child = make.student(tx, campus)
    make.member(tx, group, child, join_time=tx.now - timedelta(days=60))
    lesson = make.lesson(tx, campus, groups=[group], in_room=make.room(tx, campus))
    return Staffroom(campus, course, lesson, teacher, colleagues, child)


def offered(tx: Tx, row: SubstituteRequest, *teacher_ids: UUID) -> list[SubstituteOffer]:
    return substitute_offers.offer(tx, row.id, teacher_ids=teacher_ids, valid_minutes=60)
