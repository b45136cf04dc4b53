"""The books."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class LedgerAccount(CampusRow, Base):
    """A maintained balance. Only the trigger on journal_line writes it; headquarters stand under the zero campus."""

    __tablename__ = "ledger_account"

    code: Mapped[str]
    party_id: Mapped[UUID]
    balance_fen: Mapped[int]


class Journal(CampusRow, Base):
    """A posting; append-only, in an open period only."""

    __tablename__ = "journal"

    kind: Mapped[str]
    source_id: Mapped[UUID]
    post_date: Mapped[date]
    reverses_id: Mapped[UUID | None]


class JournalLine(CampusRow, Base):
    """One line; append-only. The lines of one INSERT must sum to zero per journal."""

    __tablename__ = "journal_line"

    journal_id: Mapped[UUID]
    code: Mapped[str]
    party_id: Mapped[UUID]
    lot_id: Mapped[UUID]
    amount_fen: Mapped[int]


class LedgerPeriod(Row, Base):
    """A month that takes no more postings: [start_date, end_date)."""

    __tablename__ = "ledger_period"

    start_date: Mapped[date]
    end_date: Mapped[date]
    lock_time: Mapped[datetime]
    staff_id: Mapped[UUID]
    # False for periods that were locked before turnovers were stored.
    has_turnover: Mapped[bool]


class PeriodAcknowledgement(Row, Base):
    """Something that was open when a period was closed, and why it was closed all the same; append-only."""

    __tablename__ = "period_acknowledgement"

    period_id: Mapped[UUID]
    code: Mapped[str]
    open_count: Mapped[int]
    reason: Mapped[str]


class LedgerSum(Row, Base):
    """Journals posted after `start_time` and up to `end_time` are summed in `LedgerDay`; append-only."""

    __tablename__ = "ledger_sum"

    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    journal_count: Mapped[int]


class LedgerDay(CampusRow, Base):
    """What the journals of a sum moved in one account on one day; append-only."""

    __tablename__ = "ledger_day"

    sum_id: Mapped[UUID]
    post_date: Mapped[date]
    code: Mapped[str]
    party_id: Mapped[UUID]
    amount_fen: Mapped[int]


class LedgerTurnover(CampusRow, Base):
    """What a locked period moved in one account: on one day, or without a day on the whole; append-only."""

    __tablename__ = "ledger_turnover"

    period_id: Mapped[UUID]
    post_date: Mapped[date | None]
    code: Mapped[str]
    party_id: Mapped[UUID]
    amount_fen: Mapped[int]
