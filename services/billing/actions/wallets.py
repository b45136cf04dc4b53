"""Wallets: what families have not spent, by the order whose money it is. Each part remembers where it came from, so
that it goes back by the payments of that order alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, select

from services.billing.models import Order, RefundPayout, WalletEntry, WalletPart
from services.billing.rules.postings import WalletShare
from shared import aliases
from shared.db import Tx
from shared.errors import Refused
from shared.ids import uuid7
from shared.listing import Field, Listing

METHOD = "wallet"
_OPEN = (
    "insert into wallet_part (institution_id, id, create_time, update_time, campus_id, customer_id, order_id,"
    " balance_fen) values (%(institution)s, %(id)s, %(now)s, %(now)s, %(campus)s, %(customer)s, %(order)s, 0)"
    " on conflict do nothing"
)
ENTRIES: Listing[WalletEntry] = Listing(
    WalletEntry,
    fields={
        "customer_id": Field(WalletEntry.customer_id, aliased=True),
        "wallet_part_id": Field(WalletEntry.wallet_part_id),
        "campus_id": Field(WalletEntry.campus_id),
        "source_id": Field(WalletEntry.source_id),
        "kind": Field(WalletEntry.kind, prefix="WALLET_ENTRY_KIND_"),
        "create_time": Field(WalletEntry.create_time),
        "amount_fen": Field(WalletEntry.amount_fen),
    },
)


def parts_of(tx: Tx, customer_id: UUID, *, for_update: bool = False) -> Sequence[WalletPart]:
    """Return the parts of a family's wallet within reach, the oldest first; locked in the order of their ids."""
    query = select(WalletPart).where(WalletPart.customer_id.in_(aliases.family(tx, customer_id)))
    query = query.order_by(WalletPart.id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalars(query).all()


def open_part(tx: Tx, order: Order) -> None:
    """Make the part of an order unless it is there; `parts_of` the order's customer then has it."""
    keys = {"institution": tx.institution_id, "id": uuid7(), "now": tx.now, "campus": order.campus_id}
    tx.run(_OPEN, keys | {"customer": order.customer_id, "order": order.id})


def of_order(tx: Tx, order_id: UUID, *, for_update: bool = False) -> WalletPart | None:
    """Return what the wallet holds out of one order."""
    query = select(WalletPart).where(WalletPart.order_id == order_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalars(query).one_or_none()


def move(
    tx: Tx,
    part: WalletPart,
    kind: str,
    amount_fen: int,
    *,
    source_id: UUID,
    payment_id: UUID | None = None,
    reverses_id: UUID | None = None,
) -> WalletShare:
    """Write what came into a locked part, or left it (negative), and return it as the books take it."""
    part.balance_fen += amount_fen
    entry = WalletEntry(
        wallet_part_id=part.id,
        campus_id=part.campus_id,
        customer_id=part.customer_id,
        kind=kind,
        amount_fen=amount_fen,
        source_id=source_id,
        payment_id=payment_id,
        reverses_id=reverses_id,
    )
    tx.session.add(entry)
    return WalletShare(part.campus_id, part.customer_id, abs(amount_fen))


def spend(
    tx: Tx, parts: Iterable[WalletPart], amount_fen: int, *, source_id: UUID, payment_id: UUID
) -> list[WalletShare]:
    """Take an amount out of locked parts, in their order, for a payment that is stored; they must hold as much."""
    left, shares = amount_fen, []
    for part in parts:
        taken = min(left, part.balance_fen)
        if taken:
            shares.append(move(tx, part, "spend", -taken, source_id=source_id, payment_id=payment_id))
            left -= taken
    if left:
        raise too_small(amount_fen, amount_fen - left)
    tx.session.flush()
    return shares


def check(tx: Tx, customer_id: UUID, amount_fen: int) -> None:
    """Refuse WALLET_TOO_SMALL before anything is done; `pay` looks again under lock."""
    balance = sum(part.balance_fen for part in parts_of(tx, customer_id))
    if balance < amount_fen:
        raise too_small(amount_fen, balance)


def pay(tx: Tx, order: Order, *, payment_id: UUID, amount_fen: int) -> list[WalletShare]:
    """Pay for an order out of its customer's wallet; refuses WALLET_TOO_SMALL with what is there."""
    parts = parts_of(tx, order.customer_id, for_update=True)
    return spend(tx, parts, amount_fen, source_id=payment_id, payment_id=payment_id)


def give_back(tx: Tx, payout: RefundPayout) -> list[WalletShare]:
    """Return what is refunded of a payment from a wallet into the parts that had paid, the latest first."""
    net = func.sum(WalletEntry.amount_fen)
    query = select(WalletEntry.wallet_part_id, net).where(WalletEntry.payment_id == payout.payment_id)
    paid = {part_id: -int(amount) for part_id, amount in tx.execute(query.group_by(WalletEntry.wallet_part_id))}
    parts = select(WalletPart).where(WalletPart.id.in_(paid)).order_by(WalletPart.id).with_for_update()
    locked = tx.session.scalars(parts.execution_options(populate_existing=True)).all()
    left, shares = payout.amount_fen, []
    for part in reversed(locked):
        given = min(left, paid[part.id])
        if given > 0:
            share = move(tx, part, "return", given, source_id=payout.id, payment_id=payout.payment_id)
            shares.append(share)
            left -= given
    tx.session.flush()
    return shares


def empty(tx: Tx, order_id: UUID, *, refund_id: UUID, amount_fen: int) -> WalletShare:
    """Take out of the wallet what a refund gives back of an order's part; refuses WALLET_TOO_SMALL."""
    part = of_order(tx, order_id, for_update=True)
    if part is None or part.balance_fen < amount_fen:
        raise too_small(amount_fen, part.balance_fen if part is not None else 0)
    return move(tx, part, "refund", -amount_fen, source_id=refund_id)


def too_small(amount_fen: int, balance_fen: int) -> Refused:
    """Return the refusal of an amount that a wallet does not hold."""
    return Refused(
        "WALLET_TOO_SMALL",
        f"{amount_fen} fen are above the {balance_fen} fen in the wallet",
        amount_fen=amount_fen,
        balance_fen=balance_fen,
    )
