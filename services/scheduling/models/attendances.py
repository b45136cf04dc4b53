"""Who was there, and what it charges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

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
    remark = Sealed("remark_sealed")
    # "confirmed" or "unconfirmed".
    state: Mapped[str]
    revision: Mapped[int]
    lesson_start_time: Mapped[datetime]


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
