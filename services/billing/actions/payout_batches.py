"""Confirmed statements that are paid together; what a party owes from claw-backs is kept back first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, func, select

from services.billing.actions import ledger, rulebooks
from services.billing.actions import pay as pay_reach
from services.billing.models import LedgerAccount, PayoutBatch, PayoutItem, Settlement
from services.billing.rules import postings, settlements
from services.billing.rules.splits import PERSONS
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.listing import Field, Listing, ListRequest, Page

DRAFT, PAID, CANCELLED = "draft", "paid", "cancelled"
# Statements per batch; what is left goes into the next.
MOST = 1000
LISTING: Listing[PayoutBatch] = Listing(
    PayoutBatch,
    fields={
        "party": Field(PayoutBatch.party, prefix="SETTLEMENT_PARTY_"),
        "state": Field(PayoutBatch.state, prefix="PAYOUT_BATCH_STATE_", sortable=False),
        "create_time": Field(PayoutBatch.create_time),
    },
)
# Two batches must not keep back the same debt.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(institution)s::text || 'payout_batch', 0))"
_Account = tuple[UUID, UUID]


def create(tx: Tx, party: str) -> PayoutBatch:
    """Gather the confirmed statements of a kind of party that have something to pay and are in no batch yet.

    Raises CHAIN_SCOPE_NEEDED, Refused PAYOUT_BATCH_EMPTY; NotFound for pay that the caller may not see.
    """
    tx.check_chain()
    if not _sees(tx, party):
        raise NotFound("payout_batch", party)
    tx.run(_LOCK, {"institution": tx.institution_id})
    found = _waiting(tx, party)
    if not found:
        raise Refused("PAYOUT_BATCH_EMPTY", "no confirmed statement waits to be paid", party=party)
    batch = PayoutBatch(party=party, state=DRAFT, item_count=len(found), amount_fen=0, staff_id=tx.caller.subject_id)
    tx.session.add(batch)
    tx.session.flush()
    owed = _owed(tx)
    for row in found:
        account = row.campus_id, row.party_id
        offset = min(row.amount_fen, owed[account])
        owed[account] -= offset
        batch.amount_fen += row.amount_fen - offset
        item = PayoutItem(
            campus_id=row.campus_id,
            payout_batch_id=batch.id,
            settlement_id=row.id,
            party_id=row.party_id,
            amount_fen=row.amount_fen,
            offset_fen=offset,
            cancelled=False,
        )
        tx.session.add(item)
    tx.session.flush()
    return batch


def page(tx: Tx, request: ListRequest) -> Page[PayoutBatch]:
    """Return a page of the batches that the caller may see; raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    hidden = [PayoutBatch.party.not_in(PERSONS)] if not pay_reach.may_see_all(tx) else []
    return LISTING.page(tx, request, where=hidden)


def get(tx: Tx, batch_id: UUID, *, for_update: bool = False) -> PayoutBatch:
    """Return a batch; raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    batch = tx.load(PayoutBatch, "payout_batch", batch_id, for_update=for_update)
    if not _sees(tx, batch.party):
        raise NotFound("payout_batch", batch_id)
    return batch


def items(tx: Tx, batch: PayoutBatch) -> Sequence[PayoutItem]:
    """Return what is in a batch."""
    query = select(PayoutItem).where(PayoutItem.payout_batch_id == batch.id)
    return tx.session.scalars(query.order_by(PayoutItem.settlement_id)).all()


def file(tx: Tx, batch_id: UUID, *, language: str) -> bytes:
    """Return what is to be transferred as a CSV file, a line per statement."""
    batch = get(tx, batch_id)
    rows = [(item.party_id, item.campus_id, item.amount_fen, item.offset_fen) for item in items(tx, batch)]
    return settlements.write_payout(rows, language=language)


def pay(tx: Tx, batch_id: UUID) -> PayoutBatch:
    """Say that the money has left: each statement is paid and posted. Raises Refused PAYOUT_BATCH_FINISHED."""
    batch = _open(tx, batch_id)
    rules = rulebooks.load(tx)
    found = items(tx, batch)
    paid = [item.settlement_id for item in found]
    tx.execute(select(Settlement.id).where(Settlement.id.in_(paid)).order_by(Settlement.id).with_for_update())
    for item in found:
        tx.load(Settlement, "settlement", item.settlement_id).state = settlements.PAID
        ledger.post(
            tx,
            kind="settlement_payout",
            source_id=item.id,
            campus_id=item.campus_id,
            lines=postings.party_payout(item.campus_id, item.party_id, item.amount_fen, item.offset_fen),
            post_date=rules.day(item.campus_id, tx.now),
        )
    return _finish(tx, batch, PAID)


def cancel(tx: Tx, batch_id: UUID) -> PayoutBatch:
    """Give up a batch that was not paid; its statements wait for the next. Raises Refused PAYOUT_BATCH_FINISHED."""
    batch = _open(tx, batch_id)
    for item in items(tx, batch):
        item.cancelled = True
    return _finish(tx, batch, CANCELLED)


def _open(tx: Tx, batch_id: UUID) -> PayoutBatch:
    tx.check_chain()
    tx.run(_LOCK, {"institution": tx.institution_id})
    batch = get(tx, batch_id, for_update=True)
    if batch.state != DRAFT:
        text = f"the batch of {batch.amount_fen} fen is {batch.state}"
        raise Refused("PAYOUT_BATCH_FINISHED", text, state=batch.state, amount_fen=batch.amount_fen)
    return batch


def _finish(tx: Tx, batch: PayoutBatch, state: str) -> PayoutBatch:
    batch.state, batch.finish_staff_id, batch.finish_time = state, tx.caller.subject_id, tx.now
    tx.session.flush()
    return batch


def _waiting(tx: Tx, party: str) -> Sequence[Settlement]:
    taken = exists().where(
        PayoutItem.institution_id == Settlement.institution_id,
        PayoutItem.settlement_id == Settlement.id,
        PayoutItem.cancelled.is_(False),
    )
    query = select(Settlement).where(
        Settlement.party == party,
        Settlement.state == settlements.CONFIRMED,
        Settlement.amount_fen > 0,
        ~taken,
    )
    return tx.session.scalars(query.order_by(Settlement.start_date, Settlement.id).limit(MOST)).all()


def _owed(tx: Tx) -> defaultdict[_Account, int]:
    """Return what parties owe per campus, less what open batches keep back already."""
    owed: defaultdict[_Account, int] = defaultdict(int)
    debts = select(LedgerAccount.campus_id, LedgerAccount.party_id, LedgerAccount.balance_fen)
    for campus_id, party_id, balance in tx.execute(debts.where(LedgerAccount.code == postings.PARTY_RECEIVABLE)):
        owed[campus_id, party_id] = balance
    kept = (
        select(PayoutItem.campus_id, PayoutItem.party_id, func.sum(PayoutItem.offset_fen))
        .join(
            PayoutBatch,
            (PayoutBatch.institution_id == PayoutItem.institution_id) & (PayoutBatch.id == PayoutItem.payout_batch_id),
        )
        .where(PayoutBatch.state == DRAFT)
        .group_by(PayoutItem.campus_id, PayoutItem.party_id)
    )
    for campus_id, party_id, offset in tx.execute(kept):
        owed[campus_id, party_id] -= int(offset)
    return owed


def _sees(tx: Tx, party: str) -> bool:
    return party not in PERSONS or pay_reach.may_see_all(tx)
