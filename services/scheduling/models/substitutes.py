"""Teachers who stand in for others."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow


class SubstituteRequest(CampusRow, Base):
    """Somebody is wanted for a lesson in place of one of its teachers; at most one that is open for each."""

    __tablename__ = "substitute_request"

    lesson_id: Mapped[UUID]
    # Who will not teach; who has an `own` grant sees the request through this column.
    teacher_id: Mapped[UUID]
    requested_by: Mapped[UUID]
    leave_request_id: Mapped[UUID | None]
    reason: Mapped[str]
    # "open", "filled", "withdrawn" or "expired".
    state: Mapped[str]
    substitute_id: Mapped[UUID | None]
    # As it was when somebody asked.
    lesson_start_time: Mapped[datetime]
    # None while it is open.
    end_time: Mapped[datetime | None]


class SubstituteOffer(CampusRow, Base):
    """A lesson offered to a teacher who may stand in; seen by that teacher, who does not see the lesson itself."""

    __tablename__ = "substitute_offer"

    substitute_request_id: Mapped[UUID]
    lesson_id: Mapped[UUID]
    teacher_id: Mapped[UUID]
    # The time that was offered: a lesson that moves needs another offer.
    lesson_start_time: Mapped[datetime]
    lesson_end_time: Mapped[datetime]
    # "offered", "accepted", "declined", "expired", "withdrawn" with the request, or "taken" by somebody else.
    state: Mapped[str]
    expire_time: Mapped[datetime]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed")
    answer_time: Mapped[datetime | None]
