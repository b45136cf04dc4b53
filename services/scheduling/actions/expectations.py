"""What is known of the students of a lesson before its roll is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import leaves, makeup_entitlements, online_lessons
from services.scheduling.models import LeaveRequest, Lesson, MakeupEntitlement, SignIn
from services.scheduling.rules.presence import OnlineLesson
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Expectations:
    """By student: the first sign-in, approved leave, and the entitlement that the lesson makes up.

    `online` is None unless a meeting provider has told of the lesson.
    """

    signed_in: Mapping[UUID, SignIn]
    leave: Mapping[UUID, LeaveRequest]
    made_up: Mapping[UUID, MakeupEntitlement]
    online: OnlineLesson | None = None

    def proposed(self, student_id: UUID) -> str:
        """Return the code that presence online is taken for; empty where there is nothing to propose."""
        leave = self.leave.get(student_id)
        return self.online.proposed(student_id, leave.code if leave else "") if self.online else ""


def load(tx: Tx, lesson: Lesson) -> Expectations:
    """Return what is known of the students of a lesson."""
    return Expectations(
        _first_sign_ins(tx, lesson.id),
        leaves.approved(tx, lesson.id),
        makeup_entitlements.booked_in(tx, lesson.id),
        online_lessons.of(tx, lesson),
    )


def _first_sign_ins(tx: Tx, lesson_id: UUID) -> dict[UUID, SignIn]:
    wanted = select(SignIn).where(SignIn.lesson_id == lesson_id).order_by(SignIn.sign_time, SignIn.id)
    found: dict[UUID, SignIn] = {}
    for row in tx.session.scalars(wanted):
        found.setdefault(row.student_id, row)
    return found
