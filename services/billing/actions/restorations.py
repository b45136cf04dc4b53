"""Consumptions that are taken back: the same lots, the same money, the same split rows with the other sign."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.billing.v1.billing_events_pb2 import HoursRestored
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceUnconfirmed
from services.billing.actions import ledger, lots, rulebooks, splits, teacher_pay
from services.billing.models import Consumption, Lot, LotEntry
from shared import aliases
from shared.db import Tx
from shared.errors import Conflict
from shared.events import publish
from shared.ids import as_uuid, uuid7
from shared.wire_values import id_text

_STANDING = ("consumed", "uncovered")
_RESTORE = """
update consumption set state = 'restored', update_time = %(now)s
where institution_id = %(institution)s and id = %(consumption)s and state in ('consumed', 'uncovered')
returning true"""
# An attendance that was taken back before its confirmation arrived, or a revision that was overtaken.
_MARK = """
insert into consumption (institution_id, id, create_time, update_time, campus_id, attendance_id, revision, student_id,
  lesson_id, charge_hundredths, recognised_fen, remaining_hundredths, state, reason)
values (%(institution)s, %(id)s, %(now)s, %(now)s, %(campus)s, %(attendance)s, %(revision)s, %(student)s, %(lesson)s,
  0, 0, 0, %(state)s, %(reason)s)
on conflict do nothing returning true"""


def restore(tx: Tx, event: AttendanceUnconfirmed) -> None:
    """Take one revision of an attendance back, once; the order in which both events arrive does not matter."""
    attendance_id = as_uuid(event.attendance_id)
    query = select(Consumption).where(
        Consumption.attendance_id == attendance_id, Consumption.revision == event.revision
    )
    consumption = tx.session.scalars(query).one_or_none()
    if consumption is not None:
        _take_back(tx, consumption)
        return
    values = {
        "institution": tx.institution_id,
        "id": uuid7(),
        "now": tx.now,
        "campus": as_uuid(event.campus_id),
        "attendance": attendance_id,
        "revision": event.revision,
        "student": as_uuid(event.student_id),
        "lesson": as_uuid(event.lesson_id),
        "state": "restored",
        "reason": "UNCONFIRMED_FIRST",
    }
    if not tx.run(_MARK, values, prepared=True).scalar():
        raise Conflict("ATTENDANCE_BUSY", "the attendance is being charged at this moment")


def make_way(tx: Tx, attendance_id: UUID, revision: int) -> bool:
    """Take an earlier revision back so that this one can charge.

    Returns False where there is nothing to charge: the revision is known, or a later one stands; the overtaken one
    is then kept on record as skipped.
    """
    known = tx.session.scalars(select(Consumption).where(Consumption.attendance_id == attendance_id)).all()
    if any(row.revision == revision for row in known):
        return False
    standing = next((row for row in known if row.state in _STANDING), None)
    if standing is None:
        raise Conflict("ATTENDANCE_BUSY", "the attendance is being charged at this moment")
    if standing.revision < revision:
        _take_back(tx, standing)
        return True
    values = {
        "institution": tx.institution_id,
        "id": uuid7(),
        "now": tx.now,
        "campus": standing.campus_id,
        "attendance": attendance_id,
        "revision": revision,
        "student": standing.student_id,
        "lesson": standing.lesson_id,
        "state": "skipped",
        "reason": "LATER_REVISION_STANDS",
    }
    tx.run(_MARK, values, prepared=True)
    return False


def _take_back(tx: Tx, consumption: Consumption) -> None:
    query = select(LotEntry).where(LotEntry.source_id == consumption.id, LotEntry.kind == "consume")
    entries = tx.session.scalars(query.order_by(LotEntry.lot_id)).all()
    _lock(tx, [entry.lot_id for entry in entries])
    keys = {"institution": tx.institution_id, "consumption": consumption.id, "now": tx.now}
    if not tx.run(_RESTORE, keys, prepared=True).scalar():
        return
    _let_pay(tx, consumption)
    if not entries:
        return
    values: dict[str, object] = {
        "institution": tx.institution_id,
        "now": tx.now,
        "source": consumption.id,
        "entry_kind": "reverse",
        "entries": json.dumps([_reverse(entry) for entry in entries]),
    }
    tx.run_all(lots.MOVE_SQL, values)
    _post(tx, consumption)
    publish(tx, _event(tx, consumption, [entry.lot_id for entry in entries]))


def _let_pay(tx: Tx, consumption: Consumption) -> None:
    rules = rulebooks.load(tx)
    if rules.pay_plans and consumption.lesson_start_time:
        teachers = [*([consumption.teacher_id] if consumption.teacher_id else []), *consumption.assistant_ids]
        teacher_pay.mark(tx, teachers, rules.day(consumption.campus_id, consumption.lesson_start_time))


def _lock(tx: Tx, lot_ids: Sequence[UUID]) -> None:
    tx.execute(select(Lot.id).where(Lot.id.in_(lot_ids)).order_by(Lot.id).with_for_update())


def _post(tx: Tx, consumption: Consumption) -> None:
    entries = splits.reversal_of(tx, consumption.id, "consumption")
    splits.record(tx, entries, source_kind="restoration", source_id=consumption.id)
    original = ledger.reversal_of(tx, consumption.id, "consumption")
    if original is not None:
        journal_id, lines = original
        ledger.post(
            tx,
            kind="restoration",
            source_id=consumption.id,
            campus_id=consumption.campus_id,
            lines=lines,
            post_date=rulebooks.load(tx).day(consumption.campus_id, tx.now),
            reverses_id=journal_id,
        )


def _reverse(entry: LotEntry) -> dict[str, object]:
    return {
        "id": str(uuid7()),
        "campus_id": str(entry.campus_id),
        "lot_id": str(entry.lot_id),
        "hundredths": -entry.hundredths,
        "amount_fen": -entry.amount_fen,
        "reverses_id": str(entry.id),
        "explanation": "the attendance was taken back",
    }


def _event(tx: Tx, consumption: Consumption, lot_ids: Sequence[UUID]) -> HoursRestored:
    total = select(func.coalesce(func.sum(Lot.remaining_hundredths), 0)).where(
        Lot.student_id.in_(aliases.family(tx, consumption.student_id)), Lot.course_id == consumption.course_id
    )
    return HoursRestored(
        consumption_id=str(consumption.id),
        attendance_id=str(consumption.attendance_id),
        student_id=str(consumption.student_id),
        course_id=id_text(consumption.course_id),
        campus_id=str(consumption.campus_id),
        restored_hundredths=consumption.charge_hundredths,
        remaining_hundredths=int(tx.scalar(total)),
        reversed_fen=consumption.recognised_fen,
        revision=consumption.revision,
        lots=lots.balances(tx, lot_ids),
    )
