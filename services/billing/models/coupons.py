"""Coupons and the batches that they were made in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class CouponBatch(Row, Base):
    """Coupons of one promotion; the campus is that of the promotion."""

    __tablename__ = "coupon_batch"

    campus_id: Mapped[UUID | None]
    promotion_id: Mapped[UUID]
    name: Mapped[str]
    quantity: Mapped[int]
    most_per_customer: Mapped[int]
    valid_days: Mapped[int]


class Coupon(Row, Base):
    """One code; `quote_id` is set while a quote holds it or has redeemed it."""

    __tablename__ = "coupon"

    campus_id: Mapped[UUID | None]
    coupon_batch_id: Mapped[UUID]
    code: Mapped[str]
    state: Mapped[str]
    customer_id: Mapped[UUID | None]
    quote_id: Mapped[UUID | None]
    claim_time: Mapped[datetime | None]
    expire_time: Mapped[datetime | None]
    redeem_time: Mapped[datetime | None]
    discount_fen: Mapped[int]
    gift_hundredths: Mapped[int]
