"""Hours that move to another course, campus or student: one primitive, one journal.

Hours of a lot are revalued to the wallet of the family that bought them, and the wallet buys a lot: an order of its
own under the same contract, paid by the wallet. A refund of it therefore goes back into the wallet, and out of there by
the payments that brought the money in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import HoursTransferred
from services.billing.actions import (
    campuses,
    custody,
    ledger,
    lots,
    orders,
    prices,
    rulebooks,
    transfer_proposals,
    wallets,
)
from services.billing.models import Lot, LotEntry, Order, OrderLine, Payment, Transfer, WalletPart
from services.billing.rules import postings
from services.billing.rules.lots import GIFT, amount_of
from services.billing.rules.postings import WalletShare
from services.billing.rules.transfers import KEPT_VALUE, Deal, at_list_price, check_hours, check_wanted, keep_value
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[Transfer] = Listing(
    Transfer,
    fields={
        "student_id": Field(Transfer.student_id, aliased=True),
        "target_student_id": Field(Transfer.target_student_id, aliased=True),
        "lot_id": Field(Transfer.lot_id),
        "order_id": Field(Transfer.order_id),
        "target_lot_id": Field(Transfer.target_lot_id),
        "target_order_id": Field(Transfer.target_order_id),
        "campus_id": Field(Transfer.campus_id),
        "target_campus_id": Field(Transfer.target_campus_id),
        "state": Field(Transfer.state, prefix="TRANSFER_STATE_"),
        "create_time": Field(Transfer.create_time),
        "value_fen": Field(Transfer.value_fen),
    },
)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which hours go (0: all that are left) to whom, for which course, where, and at what price.

    `target_hundredths` (0: as many as the value pays for) are hours at the list price.
    """

    lot_id: UUID
    target_student_id: UUID
    target_course_id: UUID
    target_campus_id: UUID
    pricing: str
    hundredths: int = 0
    target_hundredths: int = 0


class Figured(NamedTuple):
    """A lot that gives, and what that comes to."""

    lot: Lot
    deal: Deal


def preview(tx: Tx, wish: Wish) -> Figured:
    """Say what a transfer would come to, also where money is missing; changes nothing."""
    lot = _giving(tx, wish)
    return Figured(lot, _deal(tx, lot, wish, wallets.parts_of(tx, lot.student_id)))


def create(tx: Tx, wish: Wish, *, reason: str) -> Transfer:
    """Move hours as the preview says; refuses TRANSFER_SHORT where value and wallet do not pay for what is wanted."""
    # Refunds lock the order before its lots, and so does everybody.
    source = orders.get(tx, lots.get(tx, wish.lot_id).order_id, for_update=True)
    lot = _giving(tx, wish, for_update=True)
    wallets.open_part(tx, source)
    parts = wallets.parts_of(tx, lot.student_id, for_update=True)
    deal = _deal(tx, lot, wish, parts)
    if deal.short_fen:
        raise Refused(
            "TRANSFER_SHORT",
            f"{deal.target_fen} fen are asked for, {deal.short_fen} fen of it are missing",
            target_fen=deal.target_fen,
            value_fen=deal.value_fen,
            wallet_fen=deal.from_wallet_fen,
            short_fen=deal.short_fen,
        )
    transfer_id = uuid7()
    order = _order(lot, source, wish, deal)
    order.transfer_id = transfer_id
    fresh = _open(tx, order, lot, wish, deal)
    _move(tx, lot, fresh, deal, transfer_id)
    mine = sorted(parts, key=lambda part: part.order_id != source.id)
    spent = _pay(tx, order, mine, deal, transfer_id)
    # The money goes along: out of custody with the hours, and in again where the new order is supervised.
    supervised = custody.give_back(tx, source.id, deal.value_fen, transfer_id)
    supervised += custody.receive(tx, order, deal.target_fen, transfer_id)
    revalued = WalletShare(lot.campus_id, source.customer_id, deal.value_fen)
    moved = postings.transfer(revalued, lot.id, spent=spent, campus_id=order.campus_id, new_lot_id=fresh.id)
    ledger.post(
        tx,
        kind="transfer",
        source_id=transfer_id,
        campus_id=lot.campus_id,
        lines=postings.merge([*moved, *supervised]),
        post_date=rulebooks.load(tx).day(lot.campus_id, tx.now),
    )
    transfer = _document(lot, order, fresh.id, wish, deal)
    transfer.reason, transfer.staff_id = reason, tx.caller.subject_id
    tx.session.add(transfer)
    tx.session.flush()
    transfer_proposals.settle(tx, transfer)
    announce(tx, transfer)
    return transfer


def announce(tx: Tx, transfer: Transfer) -> None:
    """Tell the timelines of both children that hours were moved, or are back."""
    event = HoursTransferred(
        transfer_id=str(transfer.id),
        student_ids=[str(key) for key in dict.fromkeys((transfer.student_id, transfer.target_student_id))],
        source_course_id=str(transfer.course_id),
        target_course_id=str(transfer.target_course_id),
        campus_id=str(transfer.campus_id),
        target_campus_id=str(transfer.target_campus_id),
        transferred_hundredths=transfer.hundredths,
        target_hundredths=transfer.target_hundredths,
        undone=transfer.state == "undone",
        transfer_time=tx.now,
    )
    publish(tx, event)


def _document(lot: Lot, order: Order, fresh_id: UUID, wish: Wish, deal: Deal) -> Transfer:
    return Transfer(
        id=order.transfer_id,
        campus_id=lot.campus_id,
        lot_id=lot.id,
        order_id=lot.order_id,
        student_id=lot.student_id,
        course_id=lot.course_id,
        kind=lot.kind,
        hundredths=deal.hundredths,
        value_fen=deal.value_fen,
        pricing=wish.pricing,
        target_campus_id=wish.target_campus_id,
        target_student_id=wish.target_student_id,
        target_course_id=wish.target_course_id,
        unit_price_fen=deal.unit_price_fen,
        target_hundredths=deal.target_hundredths,
        target_fen=deal.target_fen,
        from_wallet_fen=deal.from_wallet_fen,
        to_wallet_fen=deal.to_wallet_fen,
        target_order_id=order.id,
        target_lot_id=fresh_id,
        state="done",
        undo_reason="",
    )


def get(tx: Tx, transfer_id: UUID, *, for_update: bool = False) -> Transfer:
    """Return a transfer that a campus within reach gave or received."""
    return tx.load(Transfer, "transfer", transfer_id, for_update=for_update)


def _giving(tx: Tx, wish: Wish, *, for_update: bool = False) -> Lot:
    """Return the lot that gives, having checked that it may; hours of an order that is not paid in full stay there."""
    check_wanted(wish.pricing, wish.target_hundredths)
    campuses.check(tx, wish.target_campus_id)
    lot = lots.get(tx, wish.lot_id, for_update=for_update)
    order = orders.get(tx, lot.order_id)
    if order.paid_fen < order.total_fen:
        unpaid = order.total_fen - order.paid_fen
        raise Refused("TRANSFER_ORDER_UNPAID", f"{unpaid} fen of the order are not paid", unpaid_fen=unpaid)
    if lot.freeze_date is not None:
        raise Refused("LOT_FROZEN", "the lot is frozen", freeze_date=lot.freeze_date.isoformat())
    if not lot.remaining_hundredths:
        raise Refused("LOT_EMPTY", "no hours are left in the lot", remaining_hundredths=0)
    if lot.expire_date is not None and lot.expire_date < rulebooks.load(tx).day(lot.campus_id, tx.now):
        raise Refused("LOT_NOT_VALID", "the lot is past its end", expire_date=lot.expire_date.isoformat())
    same = (lot.course_id, lot.campus_id) == (wish.target_course_id, wish.target_campus_id)
    if same and wish.target_student_id in aliases.family(tx, lot.student_id):
        raise InvalidInput("target_course_id", "course, campus and student stay as they are", "TRANSFER_TO_ITSELF")
    return lot


def _deal(tx: Tx, lot: Lot, wish: Wish, parts: Sequence[WalletPart]) -> Deal:
    hundredths = check_hours(wish.hundredths, lot.remaining_hundredths)
    value = amount_of(lot, hundredths)
    if wish.pricing == KEPT_VALUE:
        return keep_value(hundredths=hundredths, value_fen=value)
    day = rulebooks.load(tx).day(wish.target_campus_id, tx.now)
    current = prices.current(tx, wish.target_campus_id, day)
    price = next((price.unit_price_fen for price in current if price.course_id == wish.target_course_id), None)
    if price is None:
        raise Refused("PRICE_MISSING", f"no price of the course holds on {day}", date=day.isoformat())
    return at_list_price(
        hundredths=hundredths,
        value_fen=value,
        kind=lot.kind,
        unit_price_fen=price,
        wanted_hundredths=wish.target_hundredths,
        wallet_fen=sum(part.balance_fen for part in parts),
    )


def _order(lot: Lot, source: Order, wish: Wish, deal: Deal) -> Order:
    return Order(
        id=uuid7(),
        campus_id=wish.target_campus_id,
        owner_id=lot.advisor_id,
        contract_id=source.contract_id,
        customer_id=wish.target_student_id,
        channel=lot.channel,
        partner_id=lot.partner_id,
        sales_form=lot.sales_form,
        total_fen=deal.target_fen,
        paid_fen=deal.target_fen,
        refunded_fen=0,
        state="paid",
    )


def _open(tx: Tx, order: Order, lot: Lot, wish: Wish, deal: Deal) -> Lot:
    """Store the order of a transfer with its line and lot; where the value is kept so is the list price of refunds."""
    bought = tx.load(OrderLine, "order_line", lot.order_line_id)
    gift = lot.kind == GIFT
    order.activate_time = tx.now
    line = OrderLine(
        id=uuid7(),
        order_id=order.id,
        line_number=1,
        course_id=wish.target_course_id,
        lesson_hours_hundredths=0 if gift else deal.target_hundredths,
        gift_hundredths=deal.target_hundredths if gift else 0,
        unit_price_fen=bought.unit_price_fen if wish.pricing == KEPT_VALUE else deal.unit_price_fen,
        net_fen=deal.target_fen,
        kind="lesson_hours",
    )
    fresh = Lot(
        id=uuid7(),
        campus_id=order.campus_id,
        student_id=order.customer_id,
        course_id=line.course_id,
        order_id=order.id,
        order_line_id=line.id,
        kind=lot.kind,
        quantity_hundredths=deal.target_hundredths,
        remaining_hundredths=deal.target_hundredths,
        total_fen=deal.target_fen,
        released_fen=0,
        start_date=lot.start_date,
        expire_date=lot.expire_date,
        contract_time=lot.contract_time,
        advisor_id=lot.advisor_id,
        channel=lot.channel,
        partner_id=lot.partner_id,
        sales_form=lot.sales_form,
    )
    for row in (order, line, fresh):
        tx.session.add(row)
        tx.session.flush()
    return fresh


def _move(tx: Tx, lot: Lot, fresh: Lot, deal: Deal, transfer_id: UUID) -> None:
    """Take the hours out of the lot; the entries of both lots are linked by the transfer that they name."""
    lot.remaining_hundredths -= deal.hundredths
    lot.released_fen += deal.value_fen
    gone = LotEntry(
        campus_id=lot.campus_id,
        lot_id=lot.id,
        kind="transfer_out",
        hundredths=deal.hundredths,
        amount_fen=deal.value_fen,
        source_id=transfer_id,
        explanation=f"to lot {fresh.id}",
    )
    come = LotEntry(
        campus_id=fresh.campus_id,
        lot_id=fresh.id,
        kind="transfer_in",
        hundredths=0,
        amount_fen=0,
        source_id=transfer_id,
        explanation=f"from lot {lot.id}",
    )
    tx.session.add_all([gone, come])
    tx.session.flush()
    lots.announce(tx, [lot.id, fresh.id])


def _pay(tx: Tx, order: Order, parts: Sequence[WalletPart], deal: Deal, transfer_id: UUID) -> list[WalletShare]:
    """Let the first part take the value in, then pay for the order out of the parts in turn."""
    if deal.value_fen:
        wallets.move(tx, parts[0], "revalue", deal.value_fen, source_id=transfer_id)
    if not deal.target_fen:
        return []
    payment = Payment(
        id=uuid7(),
        campus_id=order.campus_id,
        owner_id=order.owner_id,
        order_id=order.id,
        customer_id=order.customer_id,
        amount_fen=deal.target_fen,
        method=wallets.METHOD,
        state="applied",
        receive_time=tx.now,
    )
    tx.session.add(payment)
    tx.session.flush()
    return wallets.spend(tx, parts, deal.target_fen, source_id=transfer_id, payment_id=payment.id)
