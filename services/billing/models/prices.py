"""List prices."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class Price(Row, Base):
    """A list price per lesson hour from a date on; without a campus it holds for the whole chain."""

    __tablename__ = "price"

    campus_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    unit_price_fen: Mapped[int]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
