"""What families complain of, suggest and ask."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow, Row


class Ticket(OwnedRow, Base):
    """A complaint, suggestion or question; `escalate_time` is when it is late next, None when it cannot be."""

    __tablename__ = "ticket"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID | None]
    class_group_id: Mapped[UUID | None]
    teacher_id: Mapped[UUID | None]
    kind: Mapped[str]
    source: Mapped[str]
    state: Mapped[str]
    subject_sealed: Mapped[bytes | None]
    text_sealed: Mapped[bytes | None]
    resolution_sealed: Mapped[bytes | None]
    respond_due_time: Mapped[datetime]
    resolve_due_time: Mapped[datetime]
    respond_time: Mapped[datetime | None]
    resolve_time: Mapped[datetime | None]
    close_time: Mapped[datetime | None]
    escalate_time: Mapped[datetime | None]
    escalation_level: Mapped[int]
    satisfaction: Mapped[int]
    reopen_count: Mapped[int]

    subject = Sealed("subject_sealed")
    text = Sealed("text_sealed")
    resolution = Sealed("resolution_sealed")


class TicketEntry(CampusRow, Base):
    """One thing that happened to a ticket; never edited."""

    __tablename__ = "ticket_entry"

    ticket_id: Mapped[UUID]
    number: Mapped[int]
    action: Mapped[str]
    staff_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    text_sealed: Mapped[bytes | None]

    text = Sealed("text_sealed", of=("ticket_id",))


class TicketPolicy(Row, Base):
    """How fast an institution answers and solves tickets of a kind, in working minutes."""

    __tablename__ = "ticket_policy"

    kind: Mapped[str]
    respond_minutes: Mapped[int]
    resolve_minutes: Mapped[int]
    escalate_staff_id: Mapped[UUID | None]
