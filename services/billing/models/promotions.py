"""Promotions and bundles."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class Promotion(Row, Base):
    """A promotion as `rules.promotions` reads it; `price_steps`: {"steps": [{from_hundredths, unit_price_fen}]}."""

    __tablename__ = "promotion"

    campus_id: Mapped[UUID | None]
    code: Mapped[str]
    name: Mapped[str]
    effect: Mapped[str]
    off_basis_points: Mapped[int]
    amount_off_fen: Mapped[int]
    price_steps: Mapped[dict[str, Any]]
    gift_hundredths: Mapped[int]
    most_off_fen: Mapped[int]
    audience: Mapped[str]
    early_days: Mapped[int]
    min_total_fen: Mapped[int]
    min_hundredths: Mapped[int]
    course_ids: Mapped[list[UUID]]
    stackable: Mapped[bool]
    rank: Mapped[int]
    approval_from_fen: Mapped[int]
    perk: Mapped[str]
    by_coupon: Mapped[bool]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    stop_time: Mapped[datetime | None]


class Bundle(Row, Base):
    """`items`: {"items": [{course_id, lesson_hours_hundredths, gift_hundredths}]}; the price is that of all."""

    __tablename__ = "bundle"

    campus_id: Mapped[UUID | None]
    code: Mapped[str]
    name: Mapped[str]
    price_fen: Mapped[int]
    items: Mapped[dict[str, Any]]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    stop_time: Mapped[datetime | None]
