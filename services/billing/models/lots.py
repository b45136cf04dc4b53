"""Lots of lesson hours, their entries, and what attendances took of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class Lot(CampusRow, Base):
    """Hours of one course out of one order line; the campus is the one that sold.

    What consumption needs of contract and order is repeated here: paying for an attendance reads lots only.
    """

    __tablename__ = "lot"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    kind: Mapped[str]
    quantity_hundredths: Mapped[int]
    remaining_hundredths: Mapped[int]
    total_fen: Mapped[int]
    released_fen: Mapped[int]
    start_date: Mapped[date | None]
    expire_date: Mapped[date | None]
    contract_time: Mapped[datetime]
    advisor_id: Mapped[UUID | None]
    channel: Mapped[str]
    partner_id: Mapped[UUID | None]
    sales_form: Mapped[str] = mapped_column(default="")
    allocation: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    # First day of a freeze that stands, and the end that the family was told of; local dates of the campus.
    freeze_date: Mapped[date | None]
    announced_expire_date: Mapped[date | None]


class LotOpening(CampusRow, Base):
    """Hours that came into a lot, and their value; append-only, written by triggers of the lot.

    quantity = sum(hundredths), total = sum(amount).
    """

    __tablename__ = "lot_opening"

    lot_id: Mapped[UUID]
    hundredths: Mapped[int]
    amount_fen: Mapped[int]


class LotEntry(CampusRow, Base):
    """What left a lot (positive) or came back (negative); append-only. remaining = quantity - sum(hundredths).

    A freeze and its end move no hours.
    """

    __tablename__ = "lot_entry"

    lot_id: Mapped[UUID]
    kind: Mapped[str]
    hundredths: Mapped[int]
    amount_fen: Mapped[int]
    source_id: Mapped[UUID]
    reverses_id: Mapped[UUID | None]
    explanation: Mapped[str]


class Consumption(CampusRow, Base):
    """What one revision of an attendance charged; the campus is the one that taught."""

    __tablename__ = "consumption"

    attendance_id: Mapped[UUID]
    revision: Mapped[int]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID | None]
    lesson_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    lesson_start_time: Mapped[datetime | None]
    # How long the lesson was, and who taught beside the main teacher; for their pay.
    lesson_hours_hundredths: Mapped[int] = mapped_column(default=0)
    assistant_ids: Mapped[list[UUID]] = mapped_column(default=list)
    charge_hundredths: Mapped[int]
    recognised_fen: Mapped[int]
    remaining_hundredths: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]


class ThresholdNotice(Row, Base):
    """Says that a threshold was announced for an order; announced once until hours are bought again."""

    __tablename__ = "threshold_notice"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID]
    threshold_hundredths: Mapped[int]


class HourPolicy(Row, Base):
    """What becomes of expired hours from a date on; append-only. Without a campus it holds for the whole chain."""

    __tablename__ = "hour_policy"

    campus_id: Mapped[UUID | None]
    start_date: Mapped[date]
    expiry: Mapped[str]
    notice_days: Mapped[int]
    staff_id: Mapped[UUID]


class LotPolicy(Row, Base):
    """Which lots pay for lessons from a date on; append-only. Without a campus or course it holds for all of them."""

    __tablename__ = "lot_policy"

    campus_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    start_date: Mapped[date]
    criteria: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # By the course whose lots may pay: hundredths of its hours for one hour of a lesson.
    factors: Mapped[dict[str, int]] = mapped_column(JSONB)
    staff_id: Mapped[UUID]


class Suspension(Row, Base):
    """A pause of a student, by scheduling's id; what is None has not been heard of.

    `waiting_lot_ids` are held by another pause, whose end has not been heard of.
    """

    __tablename__ = "suspension"

    student_id: Mapped[UUID | None]
    start_time: Mapped[datetime | None]
    resume_time: Mapped[datetime | None]
    waiting_lot_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))


class ClassSeat(CampusRow, Base):
    """A student's time in a class group, by scheduling's membership; what is None has not been heard of."""

    __tablename__ = "class_seat"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID | None]
    join_time: Mapped[datetime | None]
    leave_time: Mapped[datetime | None]
