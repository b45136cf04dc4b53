"""Rules that divide money, and what they divided."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class SplitRule(Row, Base):
    """`shares`: [{"party", "basis_points" | "fixed_fen" | "is_remainder" | "tiers"}] in order."""

    __tablename__ = "split_rule"

    name: Mapped[str]
    base: Mapped[str]
    priority: Mapped[int]
    course_id: Mapped[UUID | None]
    selling_campus_id: Mapped[UUID | None]
    teaching_campus_id: Mapped[UUID | None]
    channel: Mapped[str]
    partner_id: Mapped[UUID | None]
    sales_form: Mapped[str] = mapped_column(default="")
    region_id: Mapped[UUID | None]
    shares: Mapped[dict[str, Any]]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    # The rule whose shares it revised; versions go on from it.
    replaces_id: Mapped[UUID | None]


class SplitRuleVersion(Row, Base):
    """What a rule said from a change on, and who changed it; append-only. Shares and matchers never change."""

    __tablename__ = "split_rule_version"

    split_rule_id: Mapped[UUID]
    version: Mapped[int]
    change: Mapped[str]
    state: Mapped[str]
    end_date: Mapped[date | None]
    staff_id: Mapped[UUID | None]


class SplitRow(CampusRow, Base):
    """What one party got out of one base; append-only. The campus keeps the books of the party."""

    __tablename__ = "split_row"

    source_kind: Mapped[str]
    source_id: Mapped[UUID]
    row_number: Mapped[int]
    rule_id: Mapped[UUID | None]
    rule_version: Mapped[int | None]
    base: Mapped[str]
    base_fen: Mapped[int]
    party: Mapped[str]
    party_id: Mapped[UUID]
    amount_fen: Mapped[int]
    explanation: Mapped[str]
    reverses_id: Mapped[UUID | None]
    occur_time: Mapped[datetime]
