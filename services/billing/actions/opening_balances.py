"""Hours and money that a chain brings along: an order of its own per row, posted against the opening balance.

What the families paid lies in the books that were kept before. So no cash comes in, nothing of it is divided, and
neither a sale nor a receipt is announced; the hours are as good as any others from then on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time
from itertools import groupby
from typing import NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from lianxiao.billing.v1.billing_events_pb2 import OpeningBalanceOpened, OpeningBalancesUndone
from lianxiao.student.v1.student_events_pb2 import OpeningBalanceImported, StudentImportUndoAsked
from services.billing.actions import ledger, lots, rulebooks
from services.billing.models import (
    Campus,
    Contract,
    Lot,
    LotEntry,
    OpeningBalance,
    OpeningUndo,
    Order,
    OrderLine,
    Payment,
)
from services.billing.rules import postings
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing
from shared.wire_values import optional_date

METHOD = "opening"
UNDO = "opening_undo"
USED = "OPENING_BALANCE_USED"
# A balance that is on its way and the undoing of its import wait for each other.
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"
LISTING: Listing[OpeningBalance] = Listing(
    OpeningBalance,
    fields={
        "student_import_id": Field(OpeningBalance.import_id, sortable=False),
        "student_id": Field(OpeningBalance.student_id, sortable=False, aliased=True),
        "course_id": Field(OpeningBalance.course_id, sortable=False),
        "campus_id": Field(OpeningBalance.campus_id, sortable=False),
        "amount_fen": Field(OpeningBalance.amount_fen),
        "create_time": Field(OpeningBalance.create_time),
    },
)


class Totals(NamedTuple):
    """What an import brought into the books; hours in hundredths, with the given ones apart."""

    balance_count: int
    hundredths: int
    gift_hundredths: int
    amount_fen: int
    undone: bool


def take(tx: Tx, event: OpeningBalanceImported) -> None:
    """Open the hours of one row, once; of an import that was taken back nothing is opened any more.

    Raises CAMPUS_NOT_FOUND, until billing has heard of the campus.
    """
    balance_id, import_id = as_uuid(event.opening_balance_id), as_uuid(event.student_import_id)
    _wait(tx, import_id)
    known = tx.session.get(OpeningBalance, (tx.institution_id, balance_id))
    if known is not None or tx.session.get(OpeningUndo, (tx.institution_id, import_id)) is not None:
        return
    campus = tx.load(Campus, "campus", as_uuid(event.campus_id))
    contract, order, line = _papers(tx, event, campus)
    for row in (contract, order, line):
        tx.session.add(row)
        tx.session.flush()
    if order.total_fen:
        _pay(tx, order, contract)
    lots.open_for(tx, order, [line], contract)
    balance = OpeningBalance(
        id=balance_id,
        campus_id=order.campus_id,
        import_id=import_id,
        student_id=order.customer_id,
        course_id=line.course_id,
        order_id=order.id,
        hundredths=line.lesson_hours_hundredths,
        gift_hundredths=line.gift_hundredths,
        amount_fen=order.total_fen,
    )
    tx.session.add(balance)
    opened = OpeningBalanceOpened(
        opening_balance_id=event.opening_balance_id,
        student_import_id=event.student_import_id,
        student_id=event.student_id,
        campus_id=event.campus_id,
        course_id=event.course_id,
        order_id=str(order.id),
        hundredths=balance.hundredths,
        gift_hundredths=balance.gift_hundredths,
        amount_fen=balance.amount_fen,
    )
    publish(tx, opened)


def undo(tx: Tx, event: StudentImportUndoAsked) -> None:
    """Take back all that an import opened, or nothing where anything of it was used; say which to the asker.

    Used is whatever has an entry: a lesson, a refund, a transfer, a freeze. Each campus has one journal of it.
    """
    import_id = as_uuid(event.student_import_id)
    _wait(tx, import_id)
    if tx.session.get(OpeningUndo, (tx.institution_id, import_id)) is not None:
        return
    with tx.across_campuses():
        balances = tx.session.scalars(select(OpeningBalance).where(OpeningBalance.import_id == import_id)).all()
        held = _lock(tx, [each.order_id for each in balances])
        touched = set(tx.session.scalars(select(LotEntry.lot_id).where(LotEntry.lot_id.in_([lot.id for lot in held]))))
        used = [lot for lot in held if lot.id in touched]
        if not used:
            _take_back(tx, import_id, held)
            amount = sum(each.amount_fen for each in balances)
            row = OpeningUndo(id=import_id, balance_count=len(balances), amount_fen=amount)
            row.staff_id = as_uuid(event.staff_id)
            tx.session.add(row)
            tx.audit("opening_balance.undo", "student_import", import_id, count=len(balances), amount_fen=amount)
    told = OpeningBalancesUndone(
        student_import_id=event.student_import_id,
        undone=not used,
        reason=USED if used else "",
        used_lot_count=len(used),
        balance_count=len(balances),
    )
    publish(tx, told)


def totals(tx: Tx, import_id: UUID) -> Totals:
    """Add up what an import brought into the books that the caller sees."""
    row = OpeningBalance
    sums = select(
        func.count(), func.sum(row.hundredths), func.sum(row.gift_hundredths), func.sum(row.amount_fen)
    ).where(row.import_id == import_id)
    count, hundredths, gift, amount = (int(each or 0) for each in tx.execute(sums).one())
    undone = tx.session.get(OpeningUndo, (tx.institution_id, import_id)) is not None
    return Totals(count, hundredths, gift, amount, undone)


def _wait(tx: Tx, import_id: UUID) -> None:
    tx.run(_ONE_AT_A_TIME, {"key": f"opening {tx.institution_id} {import_id}"})


def _papers(tx: Tx, event: OpeningBalanceImported, campus: Campus) -> tuple[Contract, Order, OrderLine]:
    """Return contract, order and line of a row: signed on its day, and paid."""
    day = optional_date(event, "sign_date")
    zone = ZoneInfo(campus.time_zone)
    signed = datetime.combine(day, time(), zone).astimezone(UTC) if day else tx.now
    contract = Contract(
        id=uuid7(),
        customer_id=as_uuid(event.student_id),
        campus_id=campus.id,
        total_fen=event.amount_fen,
        gift_policy="zero",
        state="signed",
        expire_date=optional_date(event, "expire_date"),
        sign_time=min(signed, tx.now),
    )
    order = Order(
        id=uuid7(),
        contract_id=contract.id,
        customer_id=contract.customer_id,
        campus_id=campus.id,
        channel=METHOD,
        total_fen=event.amount_fen,
        paid_fen=event.amount_fen,
        refunded_fen=0,
        state="paid",
        activate_time=tx.now,
    )
    hundredths = event.hundredths
    line = OrderLine(
        id=uuid7(),
        order_id=order.id,
        line_number=1,
        course_id=as_uuid(event.course_id),
        lesson_hours_hundredths=hundredths,
        gift_hundredths=event.gift_hundredths,
        unit_price_fen=(event.amount_fen * 100 + hundredths // 2) // hundredths if hundredths else 0,
        net_fen=event.amount_fen,
        kind="lesson_hours",
    )
    return contract, order, line


def _pay(tx: Tx, order: Order, contract: Contract) -> None:
    payment = Payment(
        id=uuid7(),
        campus_id=order.campus_id,
        order_id=order.id,
        customer_id=order.customer_id,
        amount_fen=order.total_fen,
        method=METHOD,
        state="applied",
        receive_time=contract.sign_time,
    )
    tx.session.add(payment)
    tx.session.flush()
    ledger.post(
        tx,
        kind="opening",
        source_id=payment.id,
        campus_id=order.campus_id,
        lines=postings.brought_along(order.campus_id, order.total_fen),
        post_date=rulebooks.load(tx).day(order.campus_id, tx.now),
    )


def _lock(tx: Tx, order_ids: Sequence[UUID]) -> Sequence[Lot]:
    """Lock orders by id, then their lots by id, as everybody does."""
    locked = select(Order.id).where(Order.id.in_(order_ids)).order_by(Order.id).with_for_update()
    tx.execute(locked).all()
    query = select(Lot).where(Lot.order_id.in_(order_ids)).order_by(Lot.id).with_for_update()
    return tx.session.scalars(query.execution_options(populate_existing=True)).all()


def _take_back(tx: Tx, import_id: UUID, held: Sequence[Lot]) -> None:
    """Close lots by one entry each, post it campus by campus, and void the orders."""
    rules = rulebooks.load(tx)
    tx.session.flush()
    for campus_id, group in groupby(sorted(held, key=lambda lot: (lot.campus_id, lot.id)), lambda lot: lot.campus_id):
        mine = list(group)
        entries = [_entry(lot) for lot in mine]
        values = {"institution": tx.institution_id, "now": tx.now, "source": import_id, "entry_kind": UNDO}
        tx.run_all(lots.MOVE_SQL, values | {"entries": json.dumps(entries)})
        ledger.post(
            tx,
            kind="opening_undo",
            # A document posts once, and here each campus has its own.
            source_id=uuid5(import_id, str(campus_id)),
            campus_id=campus_id,
            lines=postings.brought_back(campus_id, [(lot.id, lot.total_fen) for lot in mine]),
            post_date=rules.day(campus_id, tx.now),
        )
    orders = {"institution": tx.institution_id, "now": tx.now, "ids": sorted({str(lot.order_id) for lot in held})}
    tx.run(
        "update sales_order set state = 'void', update_time = %(now)s"
        " where institution_id = %(institution)s and id = any (%(ids)s::uuid[])",
        orders,
    )
    lots.announce(tx, [lot.id for lot in held])
    tx.session.expire_all()


def _entry(lot: Lot) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "campus_id": str(lot.campus_id),
        "lot_id": str(lot.id),
        "hundredths": lot.quantity_hundredths,
        "amount_fen": lot.total_fen,
        "reverses_id": None,
        "explanation": "the import that brought it was taken back",
    }
