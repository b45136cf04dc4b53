"""Statements of providers and banks, and what differs from the books."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import Row


class Reconciliation(Row, Base):
    """A statement of [start_date, end_date] that is compared with payments of one method."""

    __tablename__ = "reconciliation"

    method: Mapped[str]
    layout: Mapped[str]
    file_name: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date]
    fee_basis_points: Mapped[int | None]
    # Whose statement it is, where it is the bank's of a custody account.
    custody_account_id: Mapped[UUID | None]
    state: Mapped[str]
    # What is still to be compared, without anything about payers; empty when it is done.
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    line_count: Mapped[int]
    match_count: Mapped[int]
    difference_count: Mapped[int]
    staff_id: Mapped[UUID]
    finish_time: Mapped[datetime | None]


class ReconciliationMatch(Row, Base):
    """A payment or refund that a statement confirms; append-only."""

    __tablename__ = "reconciliation_match"

    reconciliation_id: Mapped[UUID]
    line_number: Mapped[int]
    source_id: Mapped[UUID]


class ReconciliationItem(Row, Base):
    """One difference, and what became of it. Those without a campus are for the whole chain to see."""

    __tablename__ = "reconciliation_item"

    reconciliation_id: Mapped[UUID]
    campus_id: Mapped[UUID | None]
    kind: Mapped[str]
    line_number: Mapped[int | None]
    transaction_id: Mapped[str]
    reference: Mapped[str]
    is_refund: Mapped[bool]
    statement_fen: Mapped[int | None]
    book_fen: Mapped[int | None]
    source_id: Mapped[UUID | None]
    state: Mapped[str]
    note: Mapped[str]
    staff_id: Mapped[UUID | None]
    close_time: Mapped[datetime | None]
