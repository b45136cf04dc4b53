"""Students who pause, as scheduling tells it: their lots of the courses stand still from the first day to the last.

The events of all pauses of a student may come in any order; what a pause froze is found by its id. A lot that another
pause holds waits for that one, and is never held for the same days twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentResumed, StudentSuspended
from services.billing.actions import freezes, rulebooks
from services.billing.actions.rulebooks import Rules
from services.billing.models import Lot, LotEntry, Suspension
from shared import aliases
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant

_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(student)s, 0))"
_REASON = "the student pauses"


def on_suspended(tx: Tx, event: StudentSuspended) -> None:
    """Freeze what a student has left of the courses, from the day on which the pause begins.

    A lot that was frozen by hand stays as it is, and so does one whose end has come before.
    """
    family = _locked(tx, as_uuid(event.student_id))
    row = _remembered(tx, event)
    row.start_time = instant(event.start_time)
    courses = [as_uuid(each) for each in event.course_ids]
    wanted = select(Lot.id).where(
        Lot.student_id.in_(family),
        Lot.course_id.in_(courses),
        Lot.remaining_hundredths > 0,
        Lot.id.not_in(_frozen_by(row)),
    )
    row.waiting_lot_ids = [lot.id for lot in _lots(tx, wanted) if lot.freeze_date is None or _pauses(tx, lot)]
    _settle(tx, family)


def on_resumed(tx: Tx, event: StudentResumed) -> None:
    """Let the lots that a suspension froze go on; their ends move by the days of the pause."""
    family = _locked(tx, as_uuid(event.student_id))
    _remembered(tx, event).resume_time = instant(event.resume_time)
    _settle(tx, family)


def _locked(tx: Tx, student_id: UUID) -> list[UUID]:
    """Return all ids of a student; events about pauses of one student wait for one another."""
    family = sorted(aliases.family(tx, student_id))
    tx.run(_LOCK, {"student": f"suspension {family[0]}"})
    return family


def _remembered(tx: Tx, event: StudentSuspended | StudentResumed) -> Suspension:
    suspension_id = as_uuid(event.suspension_id)
    row = tx.session.get(Suspension, (tx.institution_id, suspension_id), populate_existing=True)
    if row is None:
        row = Suspension(id=suspension_id, waiting_lot_ids=[])
        tx.session.add(row)
    row.student_id = as_uuid(event.student_id)
    return row


def _settle(tx: Tx, family: Sequence[UUID]) -> None:
    """Bring lots to where the pauses that are known leave them, the earliest pause first."""
    tx.session.flush()
    rules = rulebooks.load(tx)
    known = select(Suspension).where(Suspension.student_id.in_(family)).order_by(Suspension.start_time)
    for row in tx.session.scalars(known).all():
        waiting = _lots(tx, select(Lot.id).where(Lot.id.in_(row.waiting_lot_ids)))
        row.waiting_lot_ids = [lot.id for lot in waiting if not _served(tx, row, lot, rules)]
        if row.resume_time is not None:
            _go_on(tx, row, rules)


def _served(tx: Tx, row: Suspension, lot: Lot, rules: Rules) -> bool:
    """Give a lot what it is due for a pause; False while another one holds it and the end of this is not known."""
    if row.start_time is None:
        return False
    first = rules.day(lot.campus_id, row.start_time)
    if lot.expire_date is not None and lot.expire_date < min(first, lot.freeze_date or first):
        return True
    if lot.freeze_date is None:
        freezes.stop(tx, lot, first, source_id=row.id, reason=_REASON)
        return True
    if row.resume_time is None:
        return False
    freezes.add(tx, lot, first, rules.day(lot.campus_id, row.resume_time), source_id=row.id, reason=_REASON)
    return True


def _go_on(tx: Tx, row: Suspension, rules: Rules) -> None:
    """End the freezes of a suspension that is over and that nobody has ended by hand."""
    if row.resume_time is None:
        return
    for lot in _lots(tx, _frozen_by(row)):
        if lot.freeze_date is None:
            continue
        standing = freezes.standing(tx, lot.id)
        if standing.source_id == row.id:
            freezes.go_on(tx, lot, standing, rules.day(lot.campus_id, row.resume_time), reason=_REASON)


def _frozen_by(row: Suspension) -> Select[UUID]:
    return select(LotEntry.lot_id).where(LotEntry.source_id == row.id, LotEntry.kind == "freeze")


def _pauses(tx: Tx, lot: Lot) -> bool:
    """Return whether a pause holds a frozen lot, not a person."""
    return tx.session.get(Suspension, (tx.institution_id, freezes.standing(tx, lot.id).source_id)) is not None


def _lots(tx: Tx, lot_ids: Select[UUID]) -> Sequence[Lot]:
    """Return lots, locked in the order of their ids."""
    return tx.session.scalars(select(Lot).where(Lot.id.in_(lot_ids)).order_by(Lot.id).with_for_update()).all()
