"""Vouchers, and how their files are laid out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class VoucherBatch(Row, Base):
    """Vouchers of [start_date, end_date], both included, that were made together."""

    __tablename__ = "voucher_batch"

    start_date: Mapped[date]
    end_date: Mapped[date]
    grouping: Mapped[str]
    state: Mapped[str]
    # The chart as it was: account -> number, Chinese name, English name. A file that is fetched again is the same.
    titles: Mapped[dict[str, Any]]
    part_count: Mapped[int]
    voucher_count: Mapped[int]
    journal_count: Mapped[int]
    debit_fen: Mapped[int]
    staff_id: Mapped[UUID]
    finish_time: Mapped[datetime | None]


class Voucher(CampusRow, Base):
    """One voucher of one campus; append-only, numbered from 1 in each month."""

    __tablename__ = "voucher"

    batch_id: Mapped[UUID]
    part_number: Mapped[int]
    kind: Mapped[str]
    voucher_date: Mapped[date]
    period_start_date: Mapped[date]
    number: Mapped[int]


class VoucherJournal(CampusRow, Base):
    """That a campus's lines of a journal are in a voucher; append-only, once per journal and campus."""

    __tablename__ = "voucher_journal"

    journal_id: Mapped[UUID]
    voucher_id: Mapped[UUID]


class VoucherLayout(Row, Base):
    """Columns and voucher word of an institution's own for one layout: [field, heading] each."""

    __tablename__ = "voucher_layout"

    code: Mapped[str]
    voucher_word: Mapped[str]
    columns: Mapped[list[Any]] = mapped_column(JSONB)
    staff_id: Mapped[UUID]
