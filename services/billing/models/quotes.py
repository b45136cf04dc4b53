"""Quotes and their lines."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow, Row


class Quote(OwnedRow, Base):
    """An offer; the owner is the advisor of all that follows from it."""

    __tablename__ = "quote"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    channel: Mapped[str]
    gross_fen: Mapped[int]
    discount_fen: Mapped[int]
    total_fen: Mapped[int]
    state: Mapped[str]
    expire_time: Mapped[datetime]
    confirm_time: Mapped[datetime | None]


class QuoteLine(Row, Base):
    __tablename__ = "quote_line"

    quote_id: Mapped[UUID]
    line_number: Mapped[int]
    course_id: Mapped[UUID]
    lesson_hours_hundredths: Mapped[int]
    gift_hundredths: Mapped[int]
    unit_price_fen: Mapped[int]
    discount_fen: Mapped[int]
    gross_fen: Mapped[int]
    net_fen: Mapped[int]
