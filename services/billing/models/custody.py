"""Money of families in custody: accounts, orders in them, entries, and what banks were asked to release."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class CustodyAccount(Row, Base):
    """An account at a bank under supervision; without a campus it is of the whole chain."""

    __tablename__ = "custody_account"

    campus_id: Mapped[UUID | None]
    name: Mapped[str]
    bank: Mapped[str]
    number_sealed: Mapped[bytes | None]
    mode: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    required_fen: Mapped[int]
    start_date: Mapped[date]
    end_date: Mapped[date | None]

    number = Sealed("number_sealed")


class CustodyOrder(CampusRow, Base):
    """An order whose money is in custody, and how much of it; the sum of its entries."""

    __tablename__ = "custody_order"

    account_id: Mapped[UUID]
    order_id: Mapped[UUID]
    balance_fen: Mapped[int]


class CustodyEntry(CampusRow, Base):
    """One movement, in (positive) or out; append-only. A risk deposit is of no order."""

    __tablename__ = "custody_entry"

    account_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    kind: Mapped[str]
    amount_fen: Mapped[int]
    source_id: Mapped[UUID]
    reference: Mapped[str]


class CustodyRelease(Row, Base):
    """A file for the bank; nothing is posted before the bank has paid."""

    __tablename__ = "custody_release"

    campus_id: Mapped[UUID | None]
    account_id: Mapped[UUID]
    state: Mapped[str]
    amount_fen: Mapped[int]
    item_count: Mapped[int]
    waiting_fen: Mapped[int]
    bank_reference: Mapped[str]
    make_staff_id: Mapped[UUID | None]
    finish_staff_id: Mapped[UUID | None]
    finish_time: Mapped[datetime | None]


class CustodyReleaseItem(CampusRow, Base):
    """What a release is for: an entry of a lot, or (without one) what nobody is owed any more of an order."""

    __tablename__ = "custody_release_item"

    release_id: Mapped[UUID]
    order_id: Mapped[UUID]
    lot_entry_id: Mapped[UUID | None]
    kind: Mapped[str]
    hundredths: Mapped[int]
    amount_fen: Mapped[int]
    cancelled: Mapped[bool]
