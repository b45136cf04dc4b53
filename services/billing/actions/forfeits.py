"""Hours that are given up: asked for by one person, decided by another, then income of the campus that sold."""

from __future__ import annotations

from uuid import UUID

from lianxiao.billing.v1.billing_events_pb2 import HoursForfeited
from services.billing.actions import ledger, lots, orders, rulebooks
from services.billing.models import Forfeit, Lot, LotEntry
from services.billing.rules import postings
from services.billing.rules.lots import amount_of
from shared.db import Tx
from shared.errors import AlreadyExists, NotAllowed, Refused
from shared.events import publish
from shared.listing import Field, Listing

LISTING: Listing[Forfeit] = Listing(
    Forfeit,
    fields={
        "lot_id": Field(Forfeit.lot_id),
        "student_id": Field(Forfeit.student_id, aliased=True),
        "campus_id": Field(Forfeit.campus_id),
        "state": Field(Forfeit.state, prefix="FORFEIT_STATE_"),
        "create_time": Field(Forfeit.create_time),
        "amount_fen": Field(Forfeit.amount_fen),
    },
)


def request(tx: Tx, lot_id: UUID, *, hundredths: int = 0, reason: str) -> Forfeit:
    """Ask for hours of a lot to be given up (0: all that are left); a lot has one request that waits at a time.

    Refuses LOT_EMPTY, LOT_FROZEN, FORFEIT_ABOVE_HOURS, FORFEIT_PENDING, and FORFEIT_ORDER_UNPAID: what was never
    received is no income.
    """
    lot = _checked(tx, lots.get(tx, lot_id), hundredths)
    wanted = hundredths or lot.remaining_hundredths
    forfeit = Forfeit(
        campus_id=lot.campus_id,
        lot_id=lot.id,
        student_id=lot.student_id,
        hundredths=wanted,
        amount_fen=amount_of(lot, wanted),
        state="requested",
        reason=reason,
        request_staff_id=tx.caller.subject_id,
        decision="",
    )
    with tx.translating({"uq_forfeit_pending": lambda: _pending(lot_id)}):
        tx.session.add(forfeit)
    return forfeit


def approve(tx: Tx, forfeit_id: UUID) -> Forfeit:
    """Decide for it: the hours leave the lot and their money is income.

    Refuses who asked for it, and FORFEIT_OUTDATED where the hours are worth something else by now.
    """
    forfeit = _requested(tx, forfeit_id)
    # Refunds lock the order before its lots, and so does everybody.
    orders.get(tx, lots.get(tx, forfeit.lot_id).order_id, for_update=True)
    lot = _checked(tx, lots.get(tx, forfeit.lot_id, for_update=True), forfeit.hundredths)
    value = amount_of(lot, forfeit.hundredths)
    if value != forfeit.amount_fen:
        raise Refused(
            "FORFEIT_OUTDATED",
            f"the hours were worth {forfeit.amount_fen} fen, now they are worth {value} fen",
            requested_fen=forfeit.amount_fen,
            value_fen=value,
        )
    lot.remaining_hundredths -= forfeit.hundredths
    lot.released_fen += value
    entry = LotEntry(
        campus_id=lot.campus_id,
        lot_id=lot.id,
        kind="forfeit",
        hundredths=forfeit.hundredths,
        amount_fen=value,
        source_id=forfeit.id,
        explanation=forfeit.reason,
    )
    tx.session.add(entry)
    _decide(tx, forfeit, "approved")
    lots.announce(tx, [lot.id])
    ledger.post(
        tx,
        kind="forfeit",
        source_id=forfeit.id,
        campus_id=lot.campus_id,
        lines=postings.forfeit(lot.campus_id, lot.id, value),
        post_date=rulebooks.load(tx).day(lot.campus_id, tx.now),
    )
    _announce(tx, forfeit, lot)
    return forfeit


def reject(tx: Tx, forfeit_id: UUID, *, reason: str) -> Forfeit:
    """Decide against it, with a reason; the hours stay, and may be asked for again."""
    forfeit = _requested(tx, forfeit_id)
    forfeit.decision = reason
    _decide(tx, forfeit, "rejected")
    return forfeit


def _announce(tx: Tx, forfeit: Forfeit, lot: Lot) -> None:
    event = HoursForfeited(
        forfeit_id=str(forfeit.id),
        lot_id=str(lot.id),
        student_id=str(lot.student_id),
        course_id=str(lot.course_id),
        campus_id=str(lot.campus_id),
        forfeited_hundredths=forfeit.hundredths,
        amount_fen=forfeit.amount_fen,
        forfeit_time=tx.now,
    )
    publish(tx, event)


def _checked(tx: Tx, lot: Lot, hundredths: int) -> Lot:
    if lot.freeze_date is not None:
        raise Refused("LOT_FROZEN", "the lot is frozen", freeze_date=lot.freeze_date.isoformat())
    if not lot.remaining_hundredths:
        raise Refused("LOT_EMPTY", "no hours are left in the lot", remaining_hundredths=0)
    if hundredths > lot.remaining_hundredths:
        raise Refused(
            "FORFEIT_ABOVE_HOURS",
            f"{hundredths} hundredths of an hour are to go, {lot.remaining_hundredths} are left",
            wanted_hours=f"{hundredths / 100:g}",
            left_hours=f"{lot.remaining_hundredths / 100:g}",
        )
    order = orders.get(tx, lot.order_id)
    if order.paid_fen < order.total_fen:
        unpaid = order.total_fen - order.paid_fen
        raise Refused("FORFEIT_ORDER_UNPAID", f"{unpaid} fen of the order are not paid", unpaid_fen=unpaid)
    return lot


def _requested(tx: Tx, forfeit_id: UUID) -> Forfeit:
    forfeit = tx.load(Forfeit, "forfeit", forfeit_id, for_update=True)
    if forfeit.state != "requested":
        raise Refused("FORFEIT_NOT_REQUESTED", f"the forfeit is {forfeit.state}", state=forfeit.state)
    if tx.caller.kind != "system" and tx.caller.subject_id == forfeit.request_staff_id:
        raise NotAllowed("FORFEIT_OWN_REQUEST", "who asked for a forfeit does not decide about it")
    return forfeit


def _decide(tx: Tx, forfeit: Forfeit, state: str) -> None:
    forfeit.state, forfeit.decide_staff_id, forfeit.decide_time = state, tx.caller.subject_id, tx.now
    tx.session.flush()
    tx.audit(f"forfeit.{state}", "forfeit", forfeit.id, amount_fen=forfeit.amount_fen, hundredths=forfeit.hundredths)


def _pending(lot_id: UUID) -> AlreadyExists:
    return AlreadyExists("FORFEIT_PENDING", "a forfeit of the lot waits for a decision", lot_id=str(lot_id))
