"""Settlement statements, what is in them, and how they are made."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow, OwnedRow, Row


class SettlementRun(Row, Base):
    """Makes the statements of [start_date, end_date) in batches: split rows behind `cursor_id` are still to come."""

    __tablename__ = "settlement_run"

    start_date: Mapped[date]
    end_date: Mapped[date]
    state: Mapped[str]
    staff_id: Mapped[UUID]
    cursor_id: Mapped[UUID]
    # The next run begins here: before the first row that this one left for later.
    resume_id: Mapped[UUID]
    total_count: Mapped[int | None]
    row_count: Mapped[int]
    line_count: Mapped[int]
    finish_time: Mapped[datetime | None]


class Settlement(OwnedRow, Base):
    """What one party gets for [start_date, end_date) out of the books of a campus; a person's is owned by them.

    Amount and number of lines are written by a trigger of `settlement_line` alone.
    """

    __tablename__ = "settlement"

    party: Mapped[str]
    party_id: Mapped[UUID]
    start_date: Mapped[date]
    end_date: Mapped[date]
    state: Mapped[str]
    amount_fen: Mapped[int]
    line_count: Mapped[int]
    staff_id: Mapped[UUID | None]
    confirm_time: Mapped[datetime | None]


class SettlementLine(CampusRow, Base):
    """A split row in its statement, under the id of the row; or an adjustment. Append-only."""

    __tablename__ = "settlement_line"

    settlement_id: Mapped[UUID]
    kind: Mapped[str]
    amount_fen: Mapped[int]
    occur_time: Mapped[datetime]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]


class SettlementDispute(OwnedRow, Base):
    """What a party objects to, and the answer."""

    __tablename__ = "settlement_dispute"

    settlement_id: Mapped[UUID]
    text: Mapped[str]
    staff_id: Mapped[UUID]
    answer: Mapped[str]
    answer_staff_id: Mapped[UUID | None]
    answer_time: Mapped[datetime | None]
