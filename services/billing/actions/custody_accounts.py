"""Custody accounts (资金监管), and which of them an order's money goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, any_, func, or_, select

from services.billing.actions import campuses, ledger, rulebooks
from services.billing.models import Course, CustodyAccount, CustodyEntry, Order, OrderLine
from services.billing.rules import custody
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[CustodyAccount] = Listing(
    CustodyAccount,
    fields={
        "campus_id": Field(CustodyAccount.campus_id, sortable=False),
        "mode": Field(CustodyAccount.mode, prefix="CUSTODY_MODE_", sortable=False),
        "create_time": Field(CustodyAccount.create_time),
    },
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account as it is to be: of a campus or (None) the chain; `required_fen` is what a risk deposit keeps in."""

    campus_id: UUID | None
    name: str
    bank: str
    number: str
    mode: str
    start_date: date
    end_date: date | None = None
    categories: tuple[str, ...] = ()
    required_fen: int = 0


def create(tx: Tx, wanted: Wanted) -> CustodyAccount:
    """Add an account; one of the chain needs a permission that reaches as far.

    Raises CUSTODY_ACCOUNT_OVERLAPS where another one takes the same orders on the same days, InvalidInput.
    """
    _check_reach(tx, wanted.campus_id)
    if wanted.end_date is not None and wanted.end_date <= wanted.start_date:
        raise InvalidInput("custody_account.end_date", "the account ends before it starts")
    if (wanted.mode == custody.RISK_DEPOSIT) != bool(wanted.required_fen):
        raise InvalidInput("custody_account.required_fen", "a risk deposit says how much, and nothing else does")
    _check_alone(tx, wanted)
    row = CustodyAccount(
        id=uuid7(),
        campus_id=wanted.campus_id,
        name=wanted.name,
        bank=wanted.bank,
        mode=wanted.mode,
        categories=sorted(set(wanted.categories)),
        required_fen=wanted.required_fen,
        start_date=wanted.start_date,
        end_date=wanted.end_date,
    )
    CustodyAccount.number.seal(tx, row, wanted.number)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("custody_account.create", "custody_account", row.id, mode=row.mode)
    return row


def end(tx: Tx, account_id: UUID, end_date: date) -> CustodyAccount:
    """Let no order in from a day on; those that are in stay. Raises NotFound, CUSTODY_ACCOUNT_ENDED, InvalidInput."""
    row = get(tx, account_id, for_update=True)
    if row.end_date is not None:
        raise Refused("CUSTODY_ACCOUNT_ENDED", f"the account ends on {row.end_date}", end_date=row.end_date.isoformat())
    if end_date < row.start_date:
        raise InvalidInput("end_date", "the account ends before it starts")
    row.end_date = end_date
    tx.session.flush()
    tx.audit("custody_account.end", "custody_account", row.id, end_date=end_date.isoformat())
    return row


def get(tx: Tx, account_id: UUID, *, for_update: bool = False) -> CustodyAccount:
    """Return an account that the caller reaches whole; raises NotFound, CHAIN_SCOPE_NEEDED."""
    row = tx.load(CustodyAccount, "custody_account", account_id, for_update=for_update)
    _check_reach(tx, row.campus_id)
    return row


def balances(tx: Tx, account_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return what is in accounts, of campuses within reach, in fen."""
    sums = select(CustodyEntry.account_id, func.sum(CustodyEntry.amount_fen))
    query = sums.where(CustodyEntry.account_id.in_(account_ids)).group_by(CustodyEntry.account_id)
    return {account_id: int(amount) for account_id, amount in tx.execute(query)}


def move(tx: Tx, account_id: UUID, *, campus_id: UUID, amount_fen: int, reference: str) -> CustodyEntry:
    """Note that a campus paid into a risk deposit or took out of it; raises CUSTODY_MODE_WRONG, CUSTODY_SHORT."""
    account = get(tx, account_id, for_update=True)
    if account.mode != custody.RISK_DEPOSIT:
        raise Refused("CUSTODY_MODE_WRONG", "tuition goes through this account by itself", mode=account.mode)
    campuses.check(tx, campus_id)
    if account.campus_id not in {None, campus_id}:
        raise InvalidInput("campus_id", "the account is another campus's")
    mine = (CustodyEntry.account_id == account.id, CustodyEntry.campus_id == campus_id)
    held = int(tx.scalar(select(func.coalesce(func.sum(CustodyEntry.amount_fen), 0)).where(*mine)))
    if held + amount_fen < 0:
        raise Refused("CUSTODY_SHORT", f"{held} fen are in it", balance_fen=held, amount_fen=-amount_fen)
    row = CustodyEntry(id=uuid7(), campus_id=campus_id, account_id=account.id, kind="risk_deposit")
    row.amount_fen, row.source_id, row.reference = amount_fen, row.id, reference
    tx.session.add(row)
    tx.session.flush()
    ledger.post(
        tx,
        kind="custody_deposit",
        source_id=row.id,
        campus_id=campus_id,
        lines=custody.moved(account.id, campus_id, amount_fen),
        post_date=rulebooks.load(tx).day(campus_id, tx.now),
    )
    return row


def of_order(tx: Tx, order: Order) -> UUID | None:
    """Return the account that takes the money of an order that is paid first today; None: it is not supervised."""
    day = rulebooks.load(tx).day(order.campus_id, tx.now)
    bought = (
        select(OrderLine.id)
        .join(Course, Course.id == OrderLine.course_id)
        .where(OrderLine.institution_id == tx.institution_id, OrderLine.order_id == order.id)
        .where(Course.institution_id == tx.institution_id, Course.category == any_(CustodyAccount.categories))
    )
    query = (
        select(CustodyAccount.id)
        .where(
            CustodyAccount.mode == custody.RELEASE,
            or_(CustodyAccount.campus_id == order.campus_id, CustodyAccount.campus_id.is_(None)),
            *_holding(day),
            or_(CustodyAccount.categories == [], bought.exists()),
        )
        # An account of the campus goes before one of the chain, one for the course before one for any.
        .order_by(CustodyAccount.campus_id.is_(None), CustodyAccount.categories == [], CustodyAccount.start_date.desc())
        .limit(1)
    )
    return tx.session.scalars(query).one_or_none()


def _holding(day: date) -> list[ColumnElement[bool]]:
    return [CustodyAccount.start_date <= day, or_(CustodyAccount.end_date.is_(None), CustodyAccount.end_date > day)]


def _check_reach(tx: Tx, campus_id: UUID | None) -> None:
    if campus_id is None:
        tx.check_chain()
    else:
        campuses.check(tx, campus_id)


def _check_alone(tx: Tx, wanted: Wanted) -> None:
    # Two accounts that are made at once are made one after the other.
    tx.run("select pg_advisory_xact_lock(hashtext(%(key)s))", {"key": f"custody {tx.institution_id}"})
    last = wanted.end_date or date.max
    same = select(CustodyAccount).where(
        CustodyAccount.mode == wanted.mode,
        CustodyAccount.campus_id.is_not_distinct_from(wanted.campus_id),
        CustodyAccount.start_date < last,
        or_(CustodyAccount.end_date.is_(None), CustodyAccount.end_date > wanted.start_date),
    )
    for row in tx.session.scalars(same):
        if set(row.categories) & set(wanted.categories) or not (row.categories or wanted.categories):
            raise AlreadyExists("CUSTODY_ACCOUNT_OVERLAPS", f"{row.name} takes these orders", account_id=str(row.id))
