"""Wallets and transfers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import CampusRow


class WalletPart(CampusRow, Base):
    """What a family's wallet holds out of one order; the campus is the one that sold. Never below zero."""

    __tablename__ = "wallet_part"

    customer_id: Mapped[UUID]
    order_id: Mapped[UUID]
    balance_fen: Mapped[int]


class WalletEntry(CampusRow, Base):
    """What came into a part of a wallet, or left it (negative); append-only. balance = sum(amount_fen).

    `payment_id` is the payment that it made, or that came back into it.
    """

    __tablename__ = "wallet_entry"

    wallet_part_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    kind: Mapped[str]
    amount_fen: Mapped[int]
    source_id: Mapped[UUID]
    payment_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]


class Transfer(CampusRow, Base):
    """Hours of one lot that became another lot; the campus is the one that gave.

    value + from_wallet = target + to_wallet.
    """

    __tablename__ = "transfer"

    lot_id: Mapped[UUID]
    order_id: Mapped[UUID]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    kind: Mapped[str]
    hundredths: Mapped[int]
    value_fen: Mapped[int]
    pricing: Mapped[str]
    target_campus_id: Mapped[UUID]
    target_student_id: Mapped[UUID]
    target_course_id: Mapped[UUID]
    unit_price_fen: Mapped[int]
    target_hundredths: Mapped[int]
    target_fen: Mapped[int]
    from_wallet_fen: Mapped[int]
    to_wallet_fen: Mapped[int]
    target_order_id: Mapped[UUID]
    target_lot_id: Mapped[UUID]
    state: Mapped[str]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
    undo_reason: Mapped[str]
    undo_staff_id: Mapped[UUID | None]
    undo_time: Mapped[datetime | None]


class TransferProposal(CampusRow, Base):
    """A student's change of class groups, by scheduling's id of it; the campus is the one of the new group."""

    __tablename__ = "transfer_proposal"

    student_id: Mapped[UUID]
    source_campus_id: Mapped[UUID]
    source_course_id: Mapped[UUID]
    source_class_group_id: Mapped[UUID]
    target_course_id: Mapped[UUID]
    target_class_group_id: Mapped[UUID]
    move_time: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]
