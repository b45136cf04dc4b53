"""Who signed in, with what, and how rolls are called."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class AttendanceDevice(CampusRow, Base):
    """A card reader or meeting provider of a campus, with a secret of its own."""

    __tablename__ = "attendance_device"

    name: Mapped[str]
    secret_sealed: Mapped[bytes]
    secret = Sealed("secret_sealed")
    active: Mapped[bool]
    # "card_reader" or "meeting_provider".
    kind: Mapped[str] = mapped_column(default="card_reader")


class StudentCard(Row, Base):
    """A card in a student's hands; its number is kept as a blind index only."""

    __tablename__ = "student_card"

    student_id: Mapped[UUID]
    card_index: Mapped[bytes]
    # None while it is in use.
    end_time: Mapped[datetime | None]


class DeviceEvent(CampusRow, Base):
    """What a device reported, once per id of its own; append-only."""

    __tablename__ = "device_event"

    attendance_device_id: Mapped[UUID]
    device_event_id: Mapped[str]
    event_time: Mapped[datetime]
    # None when the card or the time belongs to no lesson.
    sign_in_id: Mapped[UUID | None]
    # Of a meeting provider, None when it belongs to nobody of a lesson.
    lesson_id: Mapped[UUID | None]
    # A student or teacher of the lesson.
    person_id: Mapped[UUID | None]
    # One of the person's devices.
    connection_id: Mapped[str | None]
    # "join" or "leave".
    step: Mapped[str | None]


class SignIn(CampusRow, Base):
    """A student said to be there; provisional until the roll call confirms it; append-only."""

    __tablename__ = "sign_in"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID]
    # "qr_code" or "card".
    method: Mapped[str]
    sign_time: Mapped[datetime]
    late_minutes: Mapped[int]
    token_step: Mapped[int | None]
    attendance_device_id: Mapped[UUID | None]


class TeacherAttendance(CampusRow, Base):
    """A teacher at one lesson; absent when nobody clocked in by its end."""

    __tablename__ = "teacher_attendance"

    lesson_id: Mapped[UUID]
    teacher_id: Mapped[UUID]
    # "on_time", "late" or "absent".
    state: Mapped[str]
    clock_in_time: Mapped[datetime | None]
    late_minutes: Mapped[int]
    lesson_start_time: Mapped[datetime]


class TeacherAttendanceChange(CampusRow, Base):
    """One correction of how a teacher was at a lesson, with what was kept before; append-only."""

    __tablename__ = "teacher_attendance_change"

    teacher_attendance_id: Mapped[UUID]
    # Who has an `own` grant sees the change through this column.
    teacher_id: Mapped[UUID]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB())
    after: Mapped[dict[str, Any]] = mapped_column(JSONB())
    reason: Mapped[str]
    actor_id: Mapped[UUID]


class RollCallPolicy(Row, Base):
    """How rolls are called at a campus, or at all that have no policy of their own; replaced ones are history."""

    __tablename__ = "roll_call_policy"

    campus_id: Mapped[UUID | None]
    sign_in_confirms: Mapped[bool]
    late_after_minutes: Mapped[int]
    teachers_clock_in: Mapped[bool]
    chase_after_minutes: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    makeup_valid_days: Mapped[int] = mapped_column(default=60)
    lesson_reminder_hours: Mapped[int] = mapped_column(default=24)
    end_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]


class OnlineRule(Row, Base):
    """What presence in online lessons is taken for at a campus, or at all without a rule; replaced ones are history."""

    __tablename__ = "online_rule"

    campus_id: Mapped[UUID | None]
    least_share_percent: Mapped[int]
    least_minutes: Mapped[int]
    late_after_minutes: Mapped[int]
    end_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]


class RollCallChase(CampusRow, Base):
    """An open roll call that was chased, once per threshold; append-only."""

    __tablename__ = "roll_call_chase"

    lesson_id: Mapped[UUID]
    threshold_minutes: Mapped[int]
