"""Hours that are given up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow


class Forfeit(CampusRow, Base):
    """Hours of a lot that nobody is going to use; the campus is the one that sold."""

    __tablename__ = "forfeit"

    lot_id: Mapped[UUID]
    student_id: Mapped[UUID]
    hundredths: Mapped[int]
    amount_fen: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]
    request_staff_id: Mapped[UUID]
    decision: Mapped[str]
    decide_staff_id: Mapped[UUID | None]
    decide_time: Mapped[datetime | None]
