"""Settlement statements, what is in them, and how they are made."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

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


class PayoutBatch(Row, Base):
    """Confirmed statements of one kind of party that are paid together."""

    __tablename__ = "payout_batch"

    party: Mapped[str]
    state: Mapped[str]
    item_count: Mapped[int]
    # What leaves the institution.
    amount_fen: Mapped[int]
    staff_id: Mapped[UUID]
    finish_staff_id: Mapped[UUID | None]
    finish_time: Mapped[datetime | None]


class PayoutItem(CampusRow, Base):
    """One statement in a batch: its amount less what the party owes from earlier claw-backs is paid."""

    __tablename__ = "payout_item"

    payout_batch_id: Mapped[UUID]
    settlement_id: Mapped[UUID]
    party_id: Mapped[UUID]
    amount_fen: Mapped[int]
    offset_fen: Mapped[int]
    cancelled: Mapped[bool]


class Netting(Row, Base):
    """What campuses owe each other, offset into one payment per campus; `positions` is what it offsets."""

    __tablename__ = "netting"

    state: Mapped[str]
    # [{"campus_id", "party_id", "code", "amount_fen"}]: the balances that it clears.
    positions: Mapped[list[Any]] = mapped_column(JSONB)
    # What changes hands in the end.
    amount_fen: Mapped[int]
    staff_id: Mapped[UUID]
    finish_staff_id: Mapped[UUID | None]
    finish_time: Mapped[datetime | None]
