"""An order in figures, as a refund is computed from them: read from lots, entries, payments and earlier refunds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, func, select

from services.billing.actions import contracts, orders, rulebooks
from services.billing.models import Consumption, Lot, LotEntry, Order, OrderLine, Payment, RefundItem
from services.billing.rules.lots import PAID, amount_of
from services.billing.rules.refunds import Figures, LineFigures
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.money import allocate


class Closing(NamedTuple):
    """Hours of a lot that go back, and what the books hold of them in fen."""

    lot: Lot
    hundredths: int
    amount_fen: int


class _Gone(NamedTuple):
    """What left the lots of a line, in fen; hours of the paid lot in hundredths."""

    consumed_fen: int = 0
    consumed_hundredths: int = 0
    closed_fen: int = 0
    moved_fen: int = 0


def held(tx: Tx, order_id: UUID) -> Sequence[Lot]:
    """Return the lots of an order, to look at."""
    return tx.session.scalars(select(Lot).where(Lot.order_id == order_id).order_by(Lot.id)).all()


def read(tx: Tx, order: Order, held: Sequence[Lot], *, wanted: Mapping[UUID, int], end_date: date) -> Figures:
    """Return the figures of the lines that go back: the wanted ones, or all of the order.

    Raises InvalidInput for a line that is not of the order and for more hours than are left; a part of an order whose
    lots are not open is refused as REFUND_PART_NOT_OPEN.
    """
    lines = orders.lines_of(tx, order.id)
    _check_wanted(order, lines, held, wanted)
    paid = allocate(order.paid_fen, {str(line.id): line.net_fen for line in lines})
    gone, kept = _gone(tx, order.id), _forfeited(tx, order.id)
    open_fen = _left_by_line(order, lines, held)
    chosen = [line for line in lines if not wanted or line.id in wanted]
    figures = []
    for line in chosen:
        mine = [lot for lot in held if lot.order_line_id == line.id]
        left = open_fen[line.id]
        if not order.activate_time:
            left = 0 if order.state == "refunded" else paid[str(line.id)]
        known = gone.get(line.id, _Gone())
        figures.append(
            LineFigures(
                line_id=line.id,
                number=line.line_number,
                paid_fen=paid[str(line.id)],
                consumed_fen=known.consumed_fen,
                consumed_hundredths=known.consumed_hundredths,
                list_price_fen=line.unit_price_fen,
                left_fen=left,
                remaining_hundredths=_paid_left(mine),
                gift_left_hundredths=sum(lot.remaining_hundredths for lot in mine) - _paid_left(mine),
                before_fen=known.closed_fen - kept.get(line.id, 0),
                moved_fen=known.moved_fen,
                wanted_hundredths=wanted.get(line.id),
                closing_fen=sum(each.amount_fen for each in closings(mine, wanted)) if wanted else None,
            )
        )
    day, knew = _principal(tx, order, [line.course_id for line in lines])
    return Figures(tuple(figures), day, end_date, knew)


def closings(held: Sequence[Lot], wanted: Mapping[UUID, int]) -> list[Closing]:
    """Return what a refund closes of lots: all that is left, or the wanted hours and given ones in proportion."""
    found = []
    for lot in held:
        hours = lot.remaining_hundredths
        if wanted:
            asked = wanted.get(lot.order_line_id, 0)
            left = _paid_left([each for each in held if each.order_line_id == lot.order_line_id])
            hours = asked if lot.kind == PAID else lot.remaining_hundredths * asked // left if left else 0
        if hours:
            found.append(Closing(lot, hours, amount_of(lot, hours)))
    return found


def beside_lots(order: Order, held: Sequence[Lot]) -> int:
    """Return what was paid of a planned order above what its lots were opened with; negative for what is on credit."""
    if order.state != "part_paid" or not order.activate_time:
        return 0
    return order.paid_fen - sum(lot.total_fen for lot in held)


def _left_by_line(order: Order, lines: Sequence[OrderLine], held: Sequence[Lot]) -> dict[UUID, int]:
    """Return what the books hold of each line, without what is on credit: that was never paid."""
    left = {
        line.id: sum(lot.total_fen - lot.released_fen for lot in held if lot.order_line_id == line.id) for line in lines
    }
    beside = beside_lots(order, held)
    if beside > 0:
        left[lines[0].id] += beside
    elif beside < 0 and any(left.values()):
        unpaid = min(-beside, sum(left.values()))
        for key, part in allocate(unpaid, {str(key): fen for key, fen in left.items()}).items():
            left[UUID(key)] -= part
    return left


def _paid_left(held: Sequence[Lot]) -> int:
    return sum(lot.remaining_hundredths for lot in held if lot.kind == PAID)


def _check_wanted(order: Order, lines: Sequence[OrderLine], held: Sequence[Lot], wanted: Mapping[UUID, int]) -> None:
    if wanted and order.paid_fen < order.total_fen:
        raise Refused("REFUND_PART_NOT_OPEN", "nothing but the whole goes back before all is paid", state=order.state)
    known = {line.id for line in lines}
    for line_id, hundredths in wanted.items():
        if line_id not in known:
            raise InvalidInput("items", "an order line is none of this order", "REFUND_LINE_UNKNOWN")
        left = _paid_left([lot for lot in held if lot.order_line_id == line_id])
        if hundredths > left:
            raise Refused(
                "REFUND_ABOVE_HOURS",
                f"{hundredths} hundredths of an hour are wanted, {left} are left",
                wanted_hours=_hours(hundredths),
                left_hours=_hours(left),
            )


def _hours(hundredths: int) -> str:
    return f"{hundredths / 100:g}"


def _gone(tx: Tx, order_id: UUID) -> dict[UUID, _Gone]:
    """Return what left the lots of an order by line; given hours that were used reduce nothing that was paid."""
    consumed, refunded = LotEntry.kind.in_(("consume", "reverse")), LotEntry.kind == "refund"

    def figure(value: Any, condition: Any) -> Any:
        return func.sum(case((condition, value), else_=0))

    query = (
        select(
            Lot.order_line_id,
            figure(LotEntry.amount_fen, consumed),
            figure(LotEntry.hundredths, consumed & (Lot.kind == PAID)),
            figure(LotEntry.amount_fen, refunded),
            figure(LotEntry.amount_fen, ~consumed & ~refunded),
        )
        .join(Lot, (Lot.institution_id == LotEntry.institution_id) & (Lot.id == LotEntry.lot_id))
        .where(Lot.order_id == order_id)
        .group_by(Lot.order_line_id)
    )
    rows: list[Any] = list(tx.execute(query))
    return {row[0]: _Gone(*(int(figure) for figure in row[1:])) for row in rows}


def _forfeited(tx: Tx, order_id: UUID) -> dict[UUID, int]:
    """Return what earlier refunds closed without giving it back or keeping it as a fee: it is computed anew."""
    item = RefundItem
    query = (
        select(item.order_line_id, func.sum(item.closed_fen - item.amount_fen - item.fee_fen))
        .join(OrderLine, (OrderLine.institution_id == item.institution_id) & (OrderLine.id == item.order_line_id))
        .where(OrderLine.order_id == order_id)
        .group_by(item.order_line_id)
    )
    rows: list[Any] = list(tx.execute(query))
    return {row[0]: int(row[1]) for row in rows}


def _principal(tx: Tx, order: Order, course_ids: Sequence[UUID]) -> tuple[date, bool]:
    """Return the day from which the seven days count, and whether the family knew what it bought (article 14)."""
    rules, contract = rulebooks.load(tx), contracts.get(tx, order.contract_id)
    signed = contract.sign_time or order.create_time
    first = tx.scalar(select(func.min(Payment.receive_time)).where(Payment.order_id == order.id))
    earlier = select(Consumption.id).where(
        Consumption.student_id.in_(aliases.family(tx, order.customer_id)),
        Consumption.course_id.in_(course_ids),
        Consumption.state == "consumed",
        Consumption.lesson_start_time < signed,
    )
    # Who was taught at another campus knew it too.
    with tx.across_campuses():
        knew = tx.scalar(earlier.limit(1)) is not None
    return rules.day(order.campus_id, max(signed, first or signed)), knew
