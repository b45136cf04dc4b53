"""Who was there, and what it charges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class AttendanceCode(Row, Base):
    __tablename__ = "attendance_code"

    code: Mapped[str]
    name: Mapped[str]
    charge_factor_hundredths: Mapped[int]
    makeup_entitled: Mapped[bool]
    counts_as_present: Mapped[bool]
    active: Mapped[bool]


class AttendanceCodeChange(Row, Base):
    """What an attendance code became, by whom; append-only."""

    __tablename__ = "attendance_code_change"

    attendance_code_id: Mapped[UUID]
    name: Mapped[str]
    charge_factor_hundredths: Mapped[int]
    makeup_entitled: Mapped[bool]
    counts_as_present: Mapped[bool]
    active: Mapped[bool]
    actor_id: Mapped[UUID]


class AbsenceRule(Row, Base):
    """What an absence charges that was announced so long before the lesson; an ended rule stays as history."""

    __tablename__ = "absence_rule"

    code: Mapped[str]
    # None: every course.
    course_id: Mapped[UUID | None]
    least_notice_minutes: Mapped[int]
    charge_factor_hundredths: Mapped[int]
    makeup_entitled: Mapped[bool]
    end_time: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]


class Attendance(CampusRow, Base):
    """One student at one lesson, as it stands now; `attendance_change` has how it came about."""

    __tablename__ = "attendance"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID]
    class_group_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    code: Mapped[str]
    charge_hundredths: Mapped[int]
    late_minutes: Mapped[int]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed", of=("student_id",))
    # "confirmed" or "unconfirmed".
    state: Mapped[str]
    revision: Mapped[int]
    lesson_start_time: Mapped[datetime]
    early_leave_minutes: Mapped[int] = mapped_column(default=0)
    # What decided the charge: the factor, and the rule unless the code alone did. None in rows of before.
    charge_factor_hundredths: Mapped[int | None]
    absence_rule_id: Mapped[UUID | None]
    # How long before the lesson the absence was announced; None: it was not.
    notice_minutes: Mapped[int | None]
    makeup_entitled: Mapped[bool] = mapped_column(default=False)
    # The entitlement that this lesson made up; None for an ordinary lesson.
    makeup_entitlement_id: Mapped[UUID | None]
    # "roll_call", "qr_code", "card" or "online".
    method: Mapped[str] = mapped_column(default="roll_call")
    device_id: Mapped[UUID | None]
    # What billing said last, and about which revision: "", "charged", "not_covered" or "restored".
    billing_revision: Mapped[int] = mapped_column(default=0)
    billing_state: Mapped[str] = mapped_column(default="")
    billing_reason: Mapped[str] = mapped_column(default="")
    consumed_hundredths: Mapped[int | None]
    remaining_hundredths: Mapped[int | None]


class AttendanceChange(CampusRow, Base):
    """One confirmation, or taking back, of an attendance; append-only."""

    __tablename__ = "attendance_change"

    attendance_id: Mapped[UUID]
    revision: Mapped[int]
    # "confirmed" or "unconfirmed".
    state: Mapped[str]
    code: Mapped[str]
    charge_hundredths: Mapped[int]
    late_minutes: Mapped[int]
    reason: Mapped[str]
    actor_id: Mapped[UUID]
    early_leave_minutes: Mapped[int]
    charge_factor_hundredths: Mapped[int | None]
    absence_rule_id: Mapped[UUID | None]
    notice_minutes: Mapped[int | None]
    method: Mapped[str]
    device_id: Mapped[UUID | None]
