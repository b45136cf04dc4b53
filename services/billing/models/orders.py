"""Orders and their lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import OwnedRow, Row


class Order(OwnedRow, Base):
    """An order; `paid_fen` grows by conditional update only and never passes the total."""

    __tablename__ = "sales_order"

    contract_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    channel: Mapped[str]
    # Who registered the customer, and how it was sold; for split rules.
    partner_id: Mapped[UUID | None]
    sales_form: Mapped[str] = mapped_column(default="")
    # {campus id: basis points}, summing to the whole: who shares what the selling campus gets; empty: it alone.
    allocation: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    total_fen: Mapped[int]
    paid_fen: Mapped[int]
    refunded_fen: Mapped[int]
    state: Mapped[str]
    activate_time: Mapped[datetime | None]
    # Of the transfer of hours that made it, under the contract that the hours came from.
    transfer_id: Mapped[UUID | None]
    # The order that it renews; told, or found when it was made.
    predecessor_id: Mapped[UUID | None]
    # Of the referral that it thanks for, under the contract of the hours that were bought last.
    referral_id: Mapped[UUID | None]
    # "not_needed", "waiting", "approved" or "rejected"; the id is that of the approval in org.
    approval: Mapped[str] = mapped_column(default="not_needed")
    approval_id: Mapped[UUID | None]


class OrderLine(Row, Base):
    __tablename__ = "order_line"

    order_id: Mapped[UUID]
    line_number: Mapped[int]
    course_id: Mapped[UUID]
    lesson_hours_hundredths: Mapped[int]
    gift_hundredths: Mapped[int]
    unit_price_fen: Mapped[int]
    net_fen: Mapped[int]
    kind: Mapped[str]
    class_group_id: Mapped[UUID | None]
