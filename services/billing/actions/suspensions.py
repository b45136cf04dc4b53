"""Students who pause, as scheduling tells it: their lots of the courses stand still from the first day to the last.

The two events of a suspension may come in either order; what it froze is found by its id.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentResumed, StudentSuspended
from services.billing.actions import freezes, rulebooks
from services.billing.models import Lot, LotEntry, Suspension
from shared import aliases
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant

_LOCK = "select pg_advisory_xact_lock(hashtextextended(%(suspension)s, 0))"
_REASON = "the student pauses"


def on_suspended(tx: Tx, event: StudentSuspended) -> None:
    """Freeze what a student has left of the courses, from the day on which the pause begins.

    A lot that is frozen already stays as it is, and so does one whose end has come before.
    """
    row = _remembered(tx, as_uuid(event.suspension_id))
    rules = rulebooks.load(tx)
    wanted = select(Lot).where(
        Lot.student_id.in_(aliases.family(tx, as_uuid(event.student_id))),
        Lot.course_id.in_([as_uuid(each) for each in event.course_ids]),
        Lot.remaining_hundredths > 0,
        Lot.freeze_date.is_(None),
    )
    for lot in tx.session.scalars(wanted.order_by(Lot.id).with_for_update()).all():
        day = rules.day(lot.campus_id, instant(event.start_time))
        if lot.expire_date is None or lot.expire_date >= day:
            freezes.stop(tx, lot, day, source_id=row.id, reason=_REASON)
    if row.resume_time is not None:
        _go_on(tx, row)


def on_resumed(tx: Tx, event: StudentResumed) -> None:
    """Let the lots that a suspension froze go on; their ends move by the days of the pause."""
    row = _remembered(tx, as_uuid(event.suspension_id))
    row.resume_time = instant(event.resume_time)
    _go_on(tx, row)


def _remembered(tx: Tx, suspension_id: UUID) -> Suspension:
    """Return the row of a suspension; the handling of its two events waits for one another."""
    tx.run(_LOCK, {"suspension": str(suspension_id)})
    row = tx.session.get(Suspension, (tx.institution_id, suspension_id), populate_existing=True)
    if row is None:
        row = Suspension(id=suspension_id)
        tx.session.add(row)
        tx.session.flush()
    return row


def _go_on(tx: Tx, row: Suspension) -> None:
    """End the freezes of a suspension that nobody has ended by hand."""
    if row.resume_time is None:
        return
    frozen = select(LotEntry.lot_id).where(LotEntry.source_id == row.id, LotEntry.kind == "freeze")
    wanted = select(Lot).where(Lot.id.in_(frozen), Lot.freeze_date.is_not(None)).order_by(Lot.id).with_for_update()
    rules = rulebooks.load(tx)
    for lot in tx.session.scalars(wanted).all():
        standing = freezes.standing(tx, lot.id)
        if standing.source_id == row.id:
            freezes.go_on(tx, lot, standing, rules.day(lot.campus_id, row.resume_time), reason=_REASON)
