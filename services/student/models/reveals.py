"""What was shown of people in clear."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class Reveal(Row, Base):
    """One field of one person that was shown to somebody; never changed. The id is the one in the audit log."""

    __tablename__ = "reveal"

    # None: of nobody's campus; only the whole chain sees it.
    campus_id: Mapped[UUID | None]
    staff_id: Mapped[UUID]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    # None for staff and people of organisations.
    person_id: Mapped[UUID | None]
    field: Mapped[str]
    reason: Mapped[str]
    note_sealed: Mapped[bytes | None]
    bulk: Mapped[bool]
    reveal_time: Mapped[datetime]

    note = Sealed("note_sealed")


class RevealAlert(Row, Base):
    """A day (UTC) on which somebody was shown more within an hour than is usual."""

    __tablename__ = "reveal_alert"

    staff_id: Mapped[UUID]
    day: Mapped[date]
    most_in_hour: Mapped[int]
    first_time: Mapped[datetime]
    last_time: Mapped[datetime]
    settled: Mapped[bool]
    settle_staff_id: Mapped[UUID | None]
    settle_time: Mapped[datetime | None]
    finding_sealed: Mapped[bytes | None]

    finding = Sealed("finding_sealed")
