"""Calls to families, and care that is due by itself."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow, Row


class CallTask(OwnedRow, Base):
    """A call to make; `outcome` is that of the last attempt."""

    __tablename__ = "call_task"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID | None]
    occasion: Mapped[str]
    source: Mapped[str]
    due_time: Mapped[datetime]
    state: Mapped[str]
    outcome: Mapped[str]
    attempt_count: Mapped[int]
    finish_time: Mapped[datetime | None]


class CallAttempt(CampusRow, Base):
    """What a call brought; never edited."""

    __tablename__ = "call_attempt"

    call_task_id: Mapped[UUID]
    number: Mapped[int]
    outcome: Mapped[str]
    note_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID]
    ticket_id: Mapped[UUID | None]

    note = Sealed("note_sealed")


class CareRule(Row, Base):
    """On which occasion, so many days later, which students are cared for, and how."""

    __tablename__ = "care_rule"

    name: Mapped[str]
    occasion: Mapped[str]
    offset_days: Mapped[int]
    hour: Mapped[int]
    method: Mapped[str]
    states: Mapped[list[str]]
    tag_id: Mapped[UUID | None]
    subject: Mapped[str]
    text: Mapped[str]
    state: Mapped[str]


class CareEvent(CampusRow, Base):
    """That a rule was followed for a student on an occasion; once, and never edited."""

    __tablename__ = "care_event"

    care_rule_id: Mapped[UUID]
    student_id: Mapped[UUID]
    occasion_date: Mapped[date]
    call_task_id: Mapped[UUID | None]
