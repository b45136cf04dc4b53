"""Debts between campuses, offset all against all: each campus pays or gets one amount."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import ledger, rulebooks
from services.billing.models import LedgerAccount, Netting
from services.billing.rules import postings
from services.billing.rules.splits import HEAD_OFFICE
from shared.db import Tx
from shared.errors import AlreadyExists, Refused
from shared.listing import Field, Listing, ListRequest, Page

DRAFT, PAID, CANCELLED = "draft", "paid", "cancelled"
LISTING: Listing[Netting] = Listing(
    Netting,
    fields={
        "state": Field(Netting.state, prefix="NETTING_STATE_", sortable=False),
        "create_time": Field(Netting.create_time),
    },
)


class Payment(NamedTuple):
    """What one campus gets in the end (below zero: pays), out of what others owe it and what it owes."""

    campus_id: UUID
    receivable_fen: int
    payable_fen: int

    @property
    def amount_fen(self) -> int:
        """Receivables less payables."""
        return self.receivable_fen - self.payable_fen


def create(tx: Tx) -> Netting:
    """Write down what campuses owe each other now; nothing moves before it is paid.

    Raises CHAIN_SCOPE_NEEDED, Refused NETTING_EMPTY, AlreadyExists NETTING_OPEN.
    """
    tx.check_chain()
    account = LedgerAccount
    query = select(account.code, account.campus_id, account.party_id, account.balance_fen).where(
        account.code.in_((postings.RECEIVABLE, postings.PAYABLE)), account.balance_fen != 0
    )
    query = query.order_by(account.code, account.campus_id, account.party_id)
    positions = [
        {"code": code, "campus_id": str(campus), "party_id": str(other), "amount_fen": balance}
        for code, campus, other, balance in tx.execute(query)
    ]
    if not positions:
        raise Refused("NETTING_EMPTY", "no campus owes another anything")
    row = Netting(state=DRAFT, positions=positions, amount_fen=0, staff_id=tx.caller.subject_id)
    row.amount_fen = sum(payment.amount_fen for payment in payments_of(row) if payment.amount_fen > 0)
    with tx.translating({"uq_netting_draft": lambda: AlreadyExists("NETTING_OPEN", "a netting waits to be paid")}):
        tx.session.add(row)
    return row


def get(tx: Tx, netting_id: UUID, *, for_update: bool = False) -> Netting:
    """Return a netting; raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    return tx.load(Netting, "netting", netting_id, for_update=for_update)


def page(tx: Tx, request: ListRequest) -> Page[Netting]:
    """Return a page of nettings; raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    return LISTING.page(tx, request)


def payments_of(row: Netting) -> list[Payment]:
    """Return what each campus gets or pays, by campus; the amounts sum to zero."""
    sums: defaultdict[UUID, list[int]] = defaultdict(lambda: [0, 0])
    for code, campus, _, amount in _positions(row):
        sums[campus][code == postings.PAYABLE] += abs(amount)
    return [Payment(campus, *sums[campus]) for campus in sorted(sums)]


def pay(tx: Tx, netting_id: UUID) -> Netting:
    """Say that campuses have paid: the debts are cleared. Raises Refused NETTING_FINISHED."""
    row = _open(tx, netting_id)
    ledger.post(
        tx,
        kind="netting",
        source_id=row.id,
        campus_id=HEAD_OFFICE,
        lines=postings.netting(_positions(row)),
        post_date=rulebooks.load(tx).day(HEAD_OFFICE, tx.now),
    )
    return _finish(tx, row, PAID)


def cancel(tx: Tx, netting_id: UUID) -> Netting:
    """Give up a netting that was not paid. Raises Refused NETTING_FINISHED."""
    return _finish(tx, _open(tx, netting_id), CANCELLED)


def _positions(row: Netting) -> list[tuple[str, UUID, UUID, int]]:
    return [
        (each["code"], UUID(each["campus_id"]), UUID(each["party_id"]), each["amount_fen"]) for each in row.positions
    ]


def _open(tx: Tx, netting_id: UUID) -> Netting:
    row = get(tx, netting_id, for_update=True)
    if row.state != DRAFT:
        text = f"the netting of {row.amount_fen} fen is {row.state}"
        raise Refused("NETTING_FINISHED", text, state=row.state, amount_fen=row.amount_fen)
    return row


def _finish(tx: Tx, row: Netting, state: str) -> Netting:
    row.state, row.finish_staff_id, row.finish_time = state, tx.caller.subject_id, tx.now
    tx.session.flush()
    return row
