"""Transfers that are taken back: every entry and the journal with the other sign, nothing is computed again."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import select

from services.billing.actions import custody, ledger, lots, orders, rulebooks, transfer_proposals, transfers, wallets
from services.billing.models import Lot, LotEntry, Transfer, WalletEntry, WalletPart
from shared.db import Tx
from shared.errors import Refused


def undo(tx: Tx, transfer_id: UUID, *, reason: str) -> Transfer:
    """Take a transfer back while its lot is whole, its left-over is in the wallet and the order it came from is open.

    Refuses TRANSFER_UNDONE, TRANSFER_LOT_USED, LOT_FROZEN, TRANSFER_WALLET_SPENT and TRANSFER_ORDER_CLOSED.
    """
    transfer = transfers.get(tx, transfer_id, for_update=True)
    if transfer.state != "done":
        raise Refused("TRANSFER_UNDONE", "the transfer was taken back already")
    for campus_id in (transfer.campus_id, transfer.target_campus_id):
        tx.check_campus(campus_id)
    locked = {
        key: orders.get(tx, key, for_update=True) for key in sorted((transfer.order_id, transfer.target_order_id))
    }
    source, made = locked[transfer.order_id], locked[transfer.target_order_id]
    if source.state == "refunded":
        raise Refused("TRANSFER_ORDER_CLOSED", "the order that the hours came from was refunded", state=source.state)
    _return_hours(tx, transfer)
    _return_money(tx, transfer)
    made.state = "void"
    transfer.state, transfer.undo_reason = "undone", reason
    transfer.undo_staff_id, transfer.undo_time = tx.caller.subject_id, tx.now
    tx.session.flush()
    transfer_proposals.settle(tx, transfer)
    transfers.announce(tx, transfer)
    return transfer


def _return_hours(tx: Tx, transfer: Transfer) -> None:
    keys = [transfer.lot_id, transfer.target_lot_id]
    query = select(Lot).where(Lot.id.in_(keys)).order_by(Lot.id).with_for_update()
    held = {lot.id: lot for lot in tx.session.scalars(query.execution_options(populate_existing=True))}
    fresh = held[transfer.target_lot_id]
    if fresh.freeze_date is not None:
        raise Refused("LOT_FROZEN", "the lot is frozen", freeze_date=fresh.freeze_date.isoformat())
    used = fresh.quantity_hundredths - fresh.remaining_hundredths
    if used:
        raise Refused("TRANSFER_LOT_USED", f"{used} hundredths of an hour were used", used_hours=f"{used / 100:g}")
    made = tx.session.scalars(select(LotEntry).where(LotEntry.source_id == transfer.id)).all()
    moved = {held[transfer.lot_id].id: (-transfer.hundredths, -transfer.value_fen)}
    moved[fresh.id] = (transfer.target_hundredths, transfer.target_fen)
    for entry in made:
        lot, (hundredths, amount) = held[entry.lot_id], moved[entry.lot_id]
        lot.remaining_hundredths -= hundredths
        lot.released_fen += amount
        row = LotEntry(
            campus_id=lot.campus_id,
            lot_id=lot.id,
            kind="transfer_undo",
            hundredths=hundredths,
            amount_fen=amount,
            source_id=transfer.id,
            reverses_id=entry.id,
            explanation="the transfer was taken back",
        )
        tx.session.add(row)
    tx.session.flush()
    lots.announce(tx, list(held))


def _return_money(tx: Tx, transfer: Transfer) -> None:
    moved = tx.session.scalars(select(WalletEntry).where(WalletEntry.source_id == transfer.id)).all()
    net: defaultdict[UUID, int] = defaultdict(int)
    for entry in moved:
        net[entry.wallet_part_id] += entry.amount_fen
    query = select(WalletPart).where(WalletPart.id.in_(net)).order_by(WalletPart.id).with_for_update()
    parts = {part.id: part for part in tx.session.scalars(query.execution_options(populate_existing=True))}
    for part in parts.values():
        if part.balance_fen < net[part.id]:
            raise Refused(
                "TRANSFER_WALLET_SPENT",
                f"{net[part.id]} fen stayed in the wallet, {part.balance_fen} fen are left of it",
                needed_fen=net[part.id],
                balance_fen=part.balance_fen,
            )
    for entry in moved:
        part = parts[entry.wallet_part_id]
        wallets.move(tx, part, "undo", -entry.amount_fen, source_id=transfer.id, reverses_id=entry.id)
    tx.session.flush()
    custody.undo(tx, transfer.id)
    found = ledger.reversal_of(tx, transfer.id, "transfer")
    if found is not None:
        journal_id, lines = found
        day = rulebooks.load(tx).day(transfer.campus_id, tx.now)
        ledger.post(
            tx,
            kind="transfer_undo",
            source_id=transfer.id,
            campus_id=transfer.campus_id,
            lines=lines,
            post_date=day,
            reverses_id=journal_id,
        )
