"""Money received and asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow


class Payment(OwnedRow, Base):
    """Money received; append-only."""

    __tablename__ = "payment"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    amount_fen: Mapped[int]
    method: Mapped[str]
    provider_transaction_id: Mapped[str | None]
    state: Mapped[str]
    receive_time: Mapped[datetime]


class PaymentIntent(OwnedRow, Base):
    """An amount that a provider was asked to collect, known to it by `reference`."""

    __tablename__ = "payment_intent"

    order_id: Mapped[UUID]
    amount_fen: Mapped[int]
    provider: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str]
