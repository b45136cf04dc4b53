"""Tables of billing. Amounts are integer fen, quantities hundredths of a lesson hour.

Entries, payments, journals and split rows are append-only: the app role has no UPDATE and no DELETE on them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.tables import COLUMN_TYPES, CampusRow, OwnedRow, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Campus(Row, Base):
    """What billing knows of a campus; follows CampusChanged."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]


class Rulebook(Row, Base):
    """One row per institution; `version` grows with every change of what consumption reads beside lots."""

    __tablename__ = "rulebook"

    version: Mapped[int]
    thresholds_hundredths: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))


class Price(Row, Base):
    """A list price per lesson hour from a date on; without a campus it holds for the whole chain."""

    __tablename__ = "price"

    campus_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    unit_price_fen: Mapped[int]
    start_date: Mapped[date]
    end_date: Mapped[date | None]


class Quote(OwnedRow, Base):
    """An offer; the owner is the advisor of all that follows from it."""

    __tablename__ = "quote"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    channel: Mapped[str]
    gross_fen: Mapped[int]
    discount_fen: Mapped[int]
    total_fen: Mapped[int]
    state: Mapped[str]
    expire_time: Mapped[datetime]
    confirm_time: Mapped[datetime | None]


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


class Contract(OwnedRow, Base):
    __tablename__ = "contract"

    quote_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    total_fen: Mapped[int]
    gift_policy: Mapped[str]
    state: Mapped[str]
    expire_date: Mapped[date | None]
    sign_time: Mapped[datetime | None]


class Order(OwnedRow, Base):
    """An order; `paid_fen` grows by conditional update only and never passes the total."""

    __tablename__ = "sales_order"

    contract_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID | None]
    channel: Mapped[str]
    total_fen: Mapped[int]
    paid_fen: Mapped[int]
    refunded_fen: Mapped[int]
    state: Mapped[str]
    activate_time: Mapped[datetime | None]


class OrderLine(Row, Base):
    __tablename__ = "order_line"

    order_id: Mapped[UUID]
    line_number: Mapped[int]
    course_id: Mapped[UUID]
    lesson_hours_hundredths: Mapped[int]
    gift_hundredths: Mapped[int]
    unit_price_fen: Mapped[int]
    net_fen: Mapped[int]


class Payment(OwnedRow, Base):
    """Money received; append-only."""

    __tablename__ = "payment"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    amount_fen: Mapped[int]
    method: Mapped[str]
    provider_transaction_id: Mapped[str | None]
    state: Mapped[str]
    receive_time: Mapped[datetime]


class PaymentIntent(OwnedRow, Base):
    """An amount that a provider was asked to collect, known to it by `reference`."""

    __tablename__ = "payment_intent"

    order_id: Mapped[UUID]
    amount_fen: Mapped[int]
    provider: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str]


class Lot(CampusRow, Base):
    """Hours of one course out of one order line; the campus is the one that sold.

    What consumption needs of contract and order is repeated here: paying for an attendance reads lots only.
    """

    __tablename__ = "lot"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    kind: Mapped[str]
    quantity_hundredths: Mapped[int]
    remaining_hundredths: Mapped[int]
    total_fen: Mapped[int]
    released_fen: Mapped[int]
    start_date: Mapped[date | None]
    expire_date: Mapped[date | None]
    contract_time: Mapped[datetime]
    advisor_id: Mapped[UUID | None]
    channel: Mapped[str]


class LotEntry(CampusRow, Base):
    """What left a lot (positive) or came back (negative); append-only. remaining = quantity - sum(hundredths)."""

    __tablename__ = "lot_entry"

    lot_id: Mapped[UUID]
    kind: Mapped[str]
    hundredths: Mapped[int]
    amount_fen: Mapped[int]
    source_id: Mapped[UUID]
    reverses_id: Mapped[UUID | None]
    explanation: Mapped[str]


class Consumption(CampusRow, Base):
    """What one revision of an attendance charged; the campus is the one that taught."""

    __tablename__ = "consumption"

    attendance_id: Mapped[UUID]
    revision: Mapped[int]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID | None]
    lesson_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    lesson_start_time: Mapped[datetime | None]
    charge_hundredths: Mapped[int]
    recognised_fen: Mapped[int]
    remaining_hundredths: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]


class ThresholdNotice(Row, Base):
    """Says that a threshold was announced for an order; announced once until hours are bought again."""

    __tablename__ = "threshold_notice"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID]
    threshold_hundredths: Mapped[int]


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


class SplitRule(Row, Base):
    """`shares`: [{"party", "basis_points" | "fixed_fen" | "is_remainder"}] in order."""

    __tablename__ = "split_rule"

    name: Mapped[str]
    base: Mapped[str]
    priority: Mapped[int]
    course_id: Mapped[UUID | None]
    selling_campus_id: Mapped[UUID | None]
    teaching_campus_id: Mapped[UUID | None]
    channel: Mapped[str]
    shares: Mapped[dict[str, Any]]
    start_date: Mapped[date]
    end_date: Mapped[date | None]


class SplitRow(CampusRow, Base):
    """What one party got out of one base; append-only. The campus keeps the books of the party."""

    __tablename__ = "split_row"

    source_kind: Mapped[str]
    source_id: Mapped[UUID]
    row_number: Mapped[int]
    rule_id: Mapped[UUID | None]
    base: Mapped[str]
    base_fen: Mapped[int]
    party: Mapped[str]
    party_id: Mapped[UUID]
    amount_fen: Mapped[int]
    explanation: Mapped[str]
    reverses_id: Mapped[UUID | None]
    occur_time: Mapped[datetime]


class Refund(OwnedRow, Base):
    """`lines`: {"lines": [{"kind", "amount_fen", "explanation"}]}; they sum to the amount."""

    __tablename__ = "refund"

    order_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    basis: Mapped[str]
    fee_fen: Mapped[int]
    lines: Mapped[dict[str, Any]]
    amount_fen: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str]
    request_staff_id: Mapped[UUID]
    approve_staff_id: Mapped[UUID | None]
    pay_time: Mapped[datetime | None]
