"""What a chain brings along from the system that it had before."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class OpeningBalance(CampusRow, Base):
    """Hours that were left of a course, and what they are worth, with the order that stands for them; never edited."""

    __tablename__ = "opening_balance"

    import_id: Mapped[UUID]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID]
    hundredths: Mapped[int]
    gift_hundredths: Mapped[int]
    amount_fen: Mapped[int]


class OpeningUndo(Row, Base):
    """Says that all balances of an import were taken back; its id is the import's."""

    __tablename__ = "opening_undo"

    staff_id: Mapped[UUID]
    balance_count: Mapped[int]
    amount_fen: Mapped[int]
