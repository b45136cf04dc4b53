"""Leave, and the lessons that are made up for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow


class LeaveRequest(CampusRow, Base):
    """A student or teacher who will not come to a lesson; at most one that lives for each."""

    __tablename__ = "leave_request"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID | None]
    teacher_id: Mapped[UUID | None]
    # Who has an `own` grant sees the request through this column.
    lesson_teacher_id: Mapped[UUID | None]
    # The attendance code that the absence will be marked with; empty for a teacher.
    code: Mapped[str]
    reason_sealed: Mapped[bytes | None]
    reason = Sealed("reason_sealed", of=("student_id",))
    announce_time: Mapped[datetime]
    notice_minutes: Mapped[int]
    # What the rules said when it was asked for; None for a teacher.
    charge_factor_hundredths: Mapped[int | None]
    absence_rule_id: Mapped[UUID | None]
    # "requested", "approved", "declined" or "withdrawn".
    state: Mapped[str]
    decided_by: Mapped[UUID | None]
    decide_time: Mapped[datetime | None]
    decision_note: Mapped[str]
    lesson_start_time: Mapped[datetime]


class MakeupEntitlement(CampusRow, Base):
    """The right to make up one absence, at the campus where it arose; one per absence by a unique key."""

    __tablename__ = "makeup_entitlement"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    source_attendance_id: Mapped[UUID]
    source_lesson_id: Mapped[UUID]
    # The part of the missed lesson that was charged: the make-up charges the rest.
    source_charge_hundredths: Mapped[int]
    expire_time: Mapped[datetime]
    # "open", "booked", "used", "expired" or "revoked".
    state: Mapped[str]
    booked_lesson_id: Mapped[UUID | None]
