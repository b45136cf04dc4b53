"""Refunds."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow


class Refund(OwnedRow, Base):
    """`lines`: {"lines": [{"kind", "amount_fen", "explanation"}]}; they sum to the amount."""

    __tablename__ = "refund"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    basis: Mapped[str]
    fee_fen: Mapped[int]
    lines: Mapped[dict[str, Any]]
    amount_fen: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]
    request_staff_id: Mapped[UUID]
    approve_staff_id: Mapped[UUID | None]
    pay_time: Mapped[datetime | None]
