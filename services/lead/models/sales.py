"""Pipelines, targets, and what was sold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import OwnedRow, Row


class PipelineSetting(Row, Base):
    """The stages as a chain calls them; the id is the institution's. `stages` holds rules.pipeline.Stage."""

    __tablename__ = "pipeline_setting"

    stages: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class SalesTeam(Row, Base):
    """People who share a target; campus_id None: of the whole chain."""

    __tablename__ = "sales_team"

    name: Mapped[str]
    campus_id: Mapped[UUID | None]
    staff_ids: Mapped[list[UUID]]


class SalesTarget(Row, Base):
    """A figure to be reached in a month; dimensions that are None mean all of them."""

    __tablename__ = "sales_target"

    month_date: Mapped[date]
    measure: Mapped[str]
    value: Mapped[int]
    campus_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    customer_type: Mapped[str]
    team_id: Mapped[UUID | None]
    staff_id: Mapped[UUID | None]
    # The target that this one is a part of.
    parent_id: Mapped[UUID | None]


class Sale(OwnedRow, Base):
    """An order paid in full, with the order's id, or a refund with the refund's; never changed.

    `month_date` is the first day of the local month. What it counts for was settled when it was sold.
    """

    __tablename__ = "sale"

    order_id: Mapped[UUID]
    is_refund: Mapped[bool]
    is_first: Mapped[bool]
    amount_fen: Mapped[int]
    month_date: Mapped[date]
    sale_time: Mapped[datetime]
    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    customer_type: Mapped[str]
    source: Mapped[str]
    # Of the lead when it was sold; None: nobody had said.
    sales_form: Mapped[str | None]


class NpsAnswer(OwnedRow, Base):
    """What a family said on a scale from 0 to 10; never changed."""

    __tablename__ = "nps_answer"

    customer_id: Mapped[UUID]
    score: Mapped[int]
    staff_id: Mapped[UUID | None]
