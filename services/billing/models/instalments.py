"""Instalments of orders, and the policy for unpaid ones."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import OwnedRow, Row


class Instalment(OwnedRow, Base):
    """A part of an order that is due on a local day of its campus; `cumulative_fen` counts all up to this one.

    `unpaid` is the policy that held when the plan was made; `stage_days` the last stage that was announced.
    """

    __tablename__ = "instalment"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    number: Mapped[int]
    due_date: Mapped[date]
    amount_fen: Mapped[int]
    cumulative_fen: Mapped[int]
    paid_fen: Mapped[int]
    state: Mapped[str]
    unpaid: Mapped[str]
    stage_days: Mapped[int | None]


class InstalmentPolicy(Row, Base):
    """What unpaid instalments mean from a date on, and on which days families are told; append-only."""

    __tablename__ = "instalment_policy"

    start_date: Mapped[date]
    unpaid: Mapped[str]
    stage_days: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    staff_id: Mapped[UUID]
