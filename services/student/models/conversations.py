"""What is written and talked about with families."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow, Row


class FamilyThread(OwnedRow, Base):
    """All that is written with one guardian about one child; messages count from 1."""

    __tablename__ = "family_thread"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    message_count: Mapped[int]
    unread_by_staff_count: Mapped[int]
    unread_by_family_count: Mapped[int]
    last_message_time: Mapped[datetime]


class FamilyMessage(CampusRow, Base):
    """One message; never edited. No `staff_id`: from the family."""

    __tablename__ = "family_message"

    thread_id: Mapped[UUID]
    number: Mapped[int]
    staff_id: Mapped[UUID | None]
    body_sealed: Mapped[bytes | None]

    body = Sealed("body_sealed", of=("thread_id",))


class InterviewSample(Row, Base):
    """The draw of a month; never edited."""

    __tablename__ = "interview_sample"

    month: Mapped[date]
    seed: Mapped[str]
    population_sha256: Mapped[str]
    population_count: Mapped[int]
    sample_count: Mapped[int]


class Interview(OwnedRow, Base):
    """A family to talk to in a month, and what it said."""

    __tablename__ = "interview"

    interview_sample_id: Mapped[UUID]
    student_id: Mapped[UUID]
    state: Mapped[str]
    due_time: Mapped[datetime]
    finish_time: Mapped[datetime | None]
    note_sealed: Mapped[bytes | None]

    note = Sealed("note_sealed")
