"""Quotes and their lines."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import OwnedRow, Row


class Quote(OwnedRow, Base):
    """An offer; the owner is the advisor of all that follows from it.

    `pricing_inputs` and `pricing` are the texts of `rules.pricing_records`: from the one the other can be computed
    again at any time. Both are empty in offers older than they.
    """

    __tablename__ = "quote"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    channel: Mapped[str]
    partner_id: Mapped[UUID | None]
    sales_form: Mapped[str] = mapped_column(default="")
    gross_fen: Mapped[int]
    discount_fen: Mapped[int]
    total_fen: Mapped[int]
    state: Mapped[str]
    expire_time: Mapped[datetime]
    confirm_time: Mapped[datetime | None]
    sibling_customer_id: Mapped[UUID | None]
    pricing_inputs: Mapped[str]
    pricing: Mapped[str]
    needs_approval: Mapped[bool]
    approve_staff_id: Mapped[UUID | None]
    approve_time: Mapped[datetime | None]
    send_time: Mapped[datetime | None]
    send_count: Mapped[int]
    void_time: Mapped[datetime | None]
    void_reason: Mapped[str]
    confirmed_by_family: Mapped[bool]
    # The plan that the order takes: equal parts, by months from the first day on; null where all is due at once.
    plan_count: Mapped[int | None]
    plan_first_date: Mapped[date | None]
    plan_months_between: Mapped[int | None]


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
    kind: Mapped[str]
    class_group_id: Mapped[UUID | None]
    start_date: Mapped[date | None]
    bundle_id: Mapped[UUID | None]
    price_id: Mapped[UUID | None]
    title: Mapped[str]
