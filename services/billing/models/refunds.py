"""Refunds, the rules and rates that they follow, and how they are paid out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow, OwnedRow, Row


class Refund(OwnedRow, Base):
    """`lines`: {"lines": [{"kind", "amount_fen", "facts"}]}; they sum to the amount and its interest.

    `wanted`: {order line id: hundredths} of a part; empty for all that is left. `law_fen` and `contract_fen` are what
    each way would give; None where it is not open.
    """

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
    cause: Mapped[str]
    way: Mapped[str]
    law_fen: Mapped[int | None]
    contract_fen: Mapped[int | None]
    interest_fen: Mapped[int]
    end_date: Mapped[date | None]
    rule_version: Mapped[str]
    rule_source: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    decision: Mapped[str]
    approve_time: Mapped[datetime | None]


class RefundItem(CampusRow, Base):
    """What a refund closed of one order line, gave back and kept as fees; append-only."""

    __tablename__ = "refund_item"

    refund_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    hundredths: Mapped[int]
    closed_fen: Mapped[int]
    amount_fen: Mapped[int]
    fee_fen: Mapped[int]


class RefundPayout(CampusRow, Base):
    """A part of a refund on its way back; `payment_id` is the payment that it counts against, None for interest."""

    __tablename__ = "refund_payout"

    refund_id: Mapped[UUID]
    payment_id: Mapped[UUID | None]
    method: Mapped[str]
    amount_fen: Mapped[int]
    state: Mapped[str]
    provider_refund_id: Mapped[str]
    failure: Mapped[str]
    confirm_staff_id: Mapped[UUID | None]
    done_time: Mapped[datetime | None]
    redirect_time: Mapped[datetime | None]
    # When its provider is asked next, and how often it was; for those that the worker sends.
    next_poll_time: Mapped[datetime | None]
    poll_count: Mapped[int]


class RefundRule(Row, Base):
    """A dated set of rules; `terms` holds what `rules.refund_rules.RefundRule` has beside the columns."""

    __tablename__ = "refund_rule"

    version: Mapped[str]
    province: Mapped[str]
    source: Mapped[str]
    effective_date: Mapped[date]
    end_date: Mapped[date | None]
    terms: Mapped[dict[str, Any]]
    replace_time: Mapped[datetime | None]


class InterestRate(Row, Base):
    """A yearly rate in basis points from a day on."""

    __tablename__ = "interest_rate"

    kind: Mapped[str]
    basis_points: Mapped[int]
    effective_date: Mapped[date]
    source: Mapped[str]
    replace_time: Mapped[datetime | None]


class RefundPolicy(Row, Base):
    """Whose law holds at a campus (None: everywhere else), and from which amount the chain decides."""

    __tablename__ = "refund_policy"

    campus_id: Mapped[UUID | None]
    province: Mapped[str]
    chain_approval_from_fen: Mapped[int | None]


class RefundTerm(CampusRow, Base):
    """What a contract says about refunds; `bases`: {cause: basis}."""

    __tablename__ = "refund_term"

    contract_id: Mapped[UUID]
    bases: Mapped[dict[str, Any]]
    fee_fen: Mapped[int]
    fee_basis_points: Mapped[int]
    cooling_off_days: Mapped[int]
