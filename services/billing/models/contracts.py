"""Contracts."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow


class Contract(OwnedRow, Base):
    __tablename__ = "contract"

    # None: hours that the chain brought along.
    quote_id: Mapped[UUID | None]
    customer_id: Mapped[UUID]
    total_fen: Mapped[int]
    gift_policy: Mapped[str]
    state: Mapped[str]
    expire_date: Mapped[date | None]
    sign_time: Mapped[datetime | None]
