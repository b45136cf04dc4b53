"""Lots of lesson hours: opened when an order is paid, read by everybody, used up by consumptions and refunds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.billing.v1.billing_events_pb2 import LotBalance, LotChanged
from services.billing.actions import ledger, rulebooks
from services.billing.models import Consumption, Contract, Lot, LotEntry, Order, OrderLine
from services.billing.rules import instalments, postings
from services.billing.rules.lots import GIFT, PAID, opening_totals
from shared import aliases
from shared.db import Tx
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import date_pb

TAKE_SQL = (
    "update lot set remaining_hundredths = remaining_hundredths - e.hundredths,"
    " released_fen = released_fen + e.amount_fen, update_time = %(now)s"
    " from jsonb_to_recordset(%(entries)s::jsonb) as e (lot_id uuid, hundredths bigint, amount_fen bigint)"
    " where lot.institution_id = %(institution)s and lot.id = e.lot_id"
)
ENTRIES_SQL = (
    "insert into lot_entry (institution_id, id, create_time, update_time, campus_id, lot_id, kind, hundredths,"
    " amount_fen, source_id, reverses_id, explanation) select %(institution)s, e.id, %(now)s, %(now)s, e.campus_id,"
    " e.lot_id, %(entry_kind)s, e.hundredths, e.amount_fen, %(source)s, e.reverses_id, e.explanation"
    " from jsonb_to_recordset(%(entries)s::jsonb) as e (id uuid, campus_id uuid, lot_id uuid, hundredths bigint,"
    " amount_fen bigint, reverses_id uuid, explanation text)"
)
# Hours leave lots or come back, and the journal of the lots says so.
MOVE_SQL = (TAKE_SQL, ENTRIES_SQL)
_TOLD = (
    Lot.id,
    Lot.student_id,
    Lot.course_id,
    Lot.campus_id,
    Lot.kind,
    Lot.quantity_hundredths,
    Lot.remaining_hundredths,
    Lot.freeze_date,
    Lot.expire_date,
)
LISTING: Listing[Lot] = Listing(
    Lot,
    fields={
        "student_id": Field(Lot.student_id, aliased=True),
        "course_id": Field(Lot.course_id),
        "order_id": Field(Lot.order_id),
        "campus_id": Field(Lot.campus_id),
        "kind": Field(Lot.kind, prefix="LOT_KIND_"),
        "create_time": Field(Lot.create_time),
    },
)
CONSUMPTIONS: Listing[Consumption] = Listing(
    Consumption,
    fields={
        "student_id": Field(Consumption.student_id, aliased=True),
        "course_id": Field(Consumption.course_id, sortable=False),
        "campus_id": Field(Consumption.campus_id),
        "attendance_id": Field(Consumption.attendance_id),
        "lesson_id": Field(Consumption.lesson_id),
        "state": Field(Consumption.state, prefix="CONSUMPTION_STATE_"),
        "create_time": Field(Consumption.create_time),
    },
)


class HourAccount(NamedTuple):
    """A student's hours of one course, in hundredths; `remaining_fen` is what is still a liability.

    bought + gift = consumed + refunded + expired + transferred + forfeited +
    remaining. Frozen hours are among the remaining ones.
    """

    bought_hundredths: int = 0
    gift_hundredths: int = 0
    consumed_hundredths: int = 0
    refunded_hundredths: int = 0
    remaining_hundredths: int = 0
    remaining_fen: int = 0
    expired_hundredths: int = 0
    frozen_hundredths: int = 0
    transferred_hundredths: int = 0
    forfeited_hundredths: int = 0


def open_for(tx: Tx, order: Order, lines: Sequence[OrderLine], contract: Contract) -> None:
    """Open a paid lot and, where hours are given, a gift lot for each line; the order's liability moves to them."""
    opened = _whole(order, lines, contract)
    tx.session.add_all(opened)
    tx.session.flush()
    announce(tx, [lot.id for lot in opened])
    values = [(lot.id, lot.total_fen) for lot in opened]
    _post_opening(tx, order, order.id, postings.opening(order.campus_id, values))


def grow_for(
    tx: Tx, order: Order, lines: Sequence[OrderLine], payment_id: UUID, amount_fen: int, *, on_credit: bool
) -> bool:
    """Open the hours of a planned order that its money pays for, or all `on_credit`; says whether these are the first.

    What is open but not paid is a receivable, which each payment makes smaller.
    """
    contract = tx.load(Contract, "contract", order.contract_id)
    held = {(lot.order_line_id, lot.kind): lot for lot in of_order_for_update(tx, order.id)}
    if on_credit and held:
        _post_opening(tx, order, payment_id, postings.collected(order.campus_id, amount_fen))
        return False
    whole = {lot.id: lot for lot in _whole(order, lines, contract)}
    shares = [_share(lot, held.get((lot.order_line_id, lot.kind))) for lot in whole.values()]
    paid_fen = order.total_fen if on_credit else order.paid_fen
    grown = instalments.grow(shares, paid_fen=paid_fen, total_fen=order.total_fen)
    opened = []
    for growth in grown:
        lot = whole[growth.lot_id]
        known = held.get((lot.order_line_id, lot.kind))
        if known is None:
            lot.quantity_hundredths = lot.remaining_hundredths = growth.hundredths
            lot.total_fen = growth.fen
            tx.session.add(lot)
        else:
            known.quantity_hundredths += growth.hundredths
            known.remaining_hundredths += growth.hundredths
            known.total_fen += growth.fen
        opened.append(((known or lot).id, growth.fen))
    tx.session.flush()
    announce(tx, [lot_id for lot_id, _ in opened])
    open_fen = order.total_fen - order.paid_fen if on_credit else 0
    _post_opening(tx, order, payment_id, postings.opening(order.campus_id, opened, on_credit_fen=open_fen))
    return bool(opened) and not held


def of_order_for_update(tx: Tx, order_id: UUID) -> Sequence[Lot]:
    """Return the lots of an order, locked in the order that everybody locks them in."""
    query = select(Lot).where(Lot.order_id == order_id).order_by(Lot.id).with_for_update()
    return tx.session.scalars(query.execution_options(populate_existing=True)).all()


def get(tx: Tx, lot_id: UUID, *, for_update: bool = False) -> Lot:
    """Return a lot within reach; raises LOT_NOT_FOUND."""
    return tx.load(Lot, "lot", lot_id, for_update=for_update)


def entries_of(tx: Tx, consumption_ids: Sequence[UUID]) -> dict[UUID, list[LotEntry]]:
    """Return what consumptions took from lots; what was given back of it is not among them."""
    query = select(LotEntry).where(LotEntry.source_id.in_(consumption_ids), LotEntry.kind == "consume")
    entries: dict[UUID, list[LotEntry]] = {consumption_id: [] for consumption_id in consumption_ids}
    for entry in tx.session.scalars(query.order_by(LotEntry.id)):
        entries[entry.source_id].append(entry)
    return entries


def hour_account(tx: Tx, *, student_id: UUID, course_id: UUID) -> HourAccount:
    """Sum a student's lots of a course; what was consumed and refunded comes from the entries."""
    mine = (Lot.student_id.in_(aliases.family(tx, student_id)), Lot.course_id == course_id)
    quantity = func.sum(Lot.quantity_hundredths)
    totals = tx.execute(
        select(
            quantity.filter(Lot.kind == PAID),
            quantity.filter(Lot.kind == GIFT),
            func.sum(Lot.remaining_hundredths),
            func.sum(Lot.total_fen - Lot.released_fen),
            func.sum(Lot.remaining_hundredths).filter(Lot.freeze_date.is_not(None)),
        ).where(*mine)
    ).one()
    left = func.sum(LotEntry.hundredths)
    entries = tx.execute(
        select(
            left.filter(LotEntry.kind.in_(("consume", "reverse"))),
            left.filter(LotEntry.kind == "refund"),
            left.filter(LotEntry.kind == "expire"),
            left.filter(LotEntry.kind.in_(("transfer_out", "transfer_undo"))),
            left.filter(LotEntry.kind == "forfeit"),
            left.filter(LotEntry.kind == "opening_undo", Lot.kind == PAID),
            left.filter(LotEntry.kind == "opening_undo", Lot.kind == GIFT),
        )
        .join(Lot, (Lot.institution_id == LotEntry.institution_id) & (Lot.id == LotEntry.lot_id))
        .where(*mine)
    ).one()
    bought, gift, remaining, value, frozen = (int(figure or 0) for figure in totals)
    consumed, refunded, expired, transferred, forfeited, no_hours, no_gift = (int(figure or 0) for figure in entries)
    # Hours whose import was taken back were never bought.
    bought, gift = bought - no_hours, gift - no_gift
    return HourAccount(bought, gift, consumed, refunded, remaining, value, expired, frozen, transferred, forfeited)


def balances(tx: Tx, lot_ids: Collection[UUID]) -> list[LotBalance]:
    """Return what is left in lots, as events tell it."""
    query = select(Lot.id, Lot.campus_id, Lot.remaining_hundredths).where(Lot.id.in_(list(lot_ids))).order_by(Lot.id)
    return [
        LotBalance(lot_id=str(row.id), campus_id=str(row.campus_id), remaining_hundredths=row.remaining_hundredths)
        for row in tx.execute(query)
    ]


def announce(tx: Tx, lot_ids: Collection[UUID]) -> None:
    """Publish LotChanged for lots that this transaction made or changed, as they stand now.

    Lessons tell of lots by HoursConsumed and HoursRestored.
    """
    for row in tx.execute(select(*_TOLD).where(Lot.id.in_(list(lot_ids))).order_by(Lot.id)):
        event = LotChanged(
            lot_id=str(row.id),
            student_id=str(row.student_id),
            course_id=str(row.course_id),
            campus_id=str(row.campus_id),
            kind=row.kind,
            quantity_hundredths=row.quantity_hundredths,
            remaining_hundredths=row.remaining_hundredths,
            frozen=row.freeze_date is not None,
            expire_date=date_pb(row.expire_date) if row.expire_date else None,
        )
        publish(tx, event)


def announce_one(tx: Tx, lot: Lot) -> None:
    """Publish LotChanged for a lot that others have not heard of."""
    announce(tx, [lot.id])


def _whole(order: Order, lines: Sequence[OrderLine], contract: Contract) -> list[Lot]:
    """Return the lots of an order as they are once all is paid; nothing is added to the session."""
    whole: list[Lot] = []
    for line in lines:
        hundredths, gift = line.lesson_hours_hundredths, line.gift_hundredths
        totals = opening_totals(
            net_fen=line.net_fen, hundredths=hundredths, gift_hundredths=gift, policy=contract.gift_policy
        )
        for kind, quantity, total in zip((PAID, GIFT), (hundredths, gift), totals, strict=True):
            if quantity:
                whole.append(_lot(order, line, contract, kind=kind, quantity=quantity, total_fen=total))
    return whole


def _share(lot: Lot, known: Lot | None) -> instalments.Share:
    is_open = (known.quantity_hundredths, known.total_fen, known.remaining_hundredths) if known else (0, 0, 0)
    return instalments.Share(lot.id, lot.quantity_hundredths, lot.total_fen, *is_open)


def _post_opening(tx: Tx, order: Order, source_id: UUID, lines: Sequence[postings.Line]) -> None:
    ledger.post(
        tx,
        kind="lots_opened",
        source_id=source_id,
        campus_id=order.campus_id,
        lines=lines,
        post_date=rulebooks.load(tx).day(order.campus_id, tx.now),
    )


def _lot(order: Order, line: OrderLine, contract: Contract, *, kind: str, quantity: int, total_fen: int) -> Lot:
    return Lot(
        id=uuid7(),
        campus_id=order.campus_id,
        student_id=order.customer_id,
        course_id=line.course_id,
        order_id=order.id,
        order_line_id=line.id,
        kind=kind,
        quantity_hundredths=quantity,
        remaining_hundredths=quantity,
        total_fen=total_fen,
        released_fen=0,
        expire_date=contract.expire_date,
        contract_time=contract.sign_time,
        advisor_id=order.owner_id,
        channel=order.channel,
        partner_id=order.partner_id,
        sales_form=order.sales_form,
        allocation=order.allocation,
    )
