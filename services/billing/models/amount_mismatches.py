"""Amounts of contracts, orders and payments that do not agree."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow


class AmountMismatch(OwnedRow, Base):
    """Two amounts that should agree; while it is open no order of the contract takes money."""

    __tablename__ = "amount_mismatch"

    kind: Mapped[str]
    contract_id: Mapped[UUID]
    # Null for what is between contract, quote and paper.
    order_id: Mapped[UUID | None]
    expected_fen: Mapped[int]
    found_fen: Mapped[int]
    # "open", "resolved" by a person, or "cleared" as it is no more.
    state: Mapped[str]
    reason: Mapped[str]
    resolve_staff_id: Mapped[UUID | None]
    resolve_time: Mapped[datetime | None]
