"""Money received and asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import OwnedRow, Row


class Payment(OwnedRow, Base):
    """Money received; append-only."""

    __tablename__ = "payment"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    amount_fen: Mapped[int]
    method: Mapped[str]
    provider_transaction_id: Mapped[str | None]
    # Of the intent that asked for it; null at the desk.
    reference: Mapped[str | None]
    # The receipt above another order that it was made of.
    origin_payment_id: Mapped[UUID | None]
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
    # What the payer scans; empty until the provider gave it.
    code_url: Mapped[str]
    expire_time: Mapped[datetime | None]
    # When the provider is asked next; null once there is nothing more to ask.
    next_poll_time: Mapped[datetime | None]
    poll_count: Mapped[int]
    # Why the provider could not be asked the last time; empty when it could.
    failure: Mapped[str]


class PaymentAlert(Row, Base):
    """Something about a provider's money that posted nothing and wants a person; repetitions are counted in one row."""

    __tablename__ = "payment_alert"

    # Of the intent, where there is one; others only the whole chain sees.
    campus_id: Mapped[UUID | None]
    provider: Mapped[str]
    kind: Mapped[str]
    reference: Mapped[str]
    facts: Mapped[dict[str, Any]]
    occurrences: Mapped[int]
    last_time: Mapped[datetime]
    state: Mapped[str]
    note: Mapped[str]
    resolve_staff_id: Mapped[UUID | None]
    resolve_time: Mapped[datetime | None]
