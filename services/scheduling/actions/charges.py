"""What billing says about attendances: charged, not covered, or given back; kept beside them for the sheet.

Words of one attendance may come twice and in any order: a later revision counts, and of one revision what gives back.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import and_, or_, update

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, HoursNotCharged, HoursNotCovered, HoursRestored
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceCharged
from services.scheduling.models import Attendance
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid


def on_hours_consumed(tx: Tx, event: HoursConsumed) -> None:
    """Keep what was charged and what is left."""
    _keep(tx, event, "charged", consumed=event.consumed_hundredths)


def on_hours_not_charged(tx: Tx, event: HoursNotCharged) -> None:
    """Keep what is left of hours from which nothing was taken, because there was nothing to charge."""
    _keep(tx, event, "charged", consumed=0)


def on_hours_not_covered(tx: Tx, event: HoursNotCovered) -> None:
    """Keep why an attendance was not charged."""
    _keep(tx, event, "not_covered", consumed=0, reason=event.reason)


def on_hours_restored(tx: Tx, event: HoursRestored) -> None:
    """Keep that a charge was given back."""
    _keep(tx, event, "restored", consumed=0)


def _keep(
    tx: Tx,
    event: HoursConsumed | HoursNotCharged | HoursNotCovered | HoursRestored,
    state: str,
    *,
    consumed: int,
    reason: str = "",
) -> None:
    row, revision = Attendance, max(event.revision, 1)
    is_news = or_(
        row.billing_revision < revision,
        and_(row.billing_revision == revision, row.billing_state.not_in(("restored", state))),
    )
    kept = (
        update(row)
        .where(row.id == as_uuid(event.attendance_id), is_news)
        .values(
            billing_revision=revision,
            billing_state=state,
            billing_reason=reason,
            consumed_hundredths=consumed,
            remaining_hundredths=event.remaining_hundredths,
            update_time=tx.now,
        )
        .returning(row.lesson_id, row.campus_id)
    )
    found = tx.one_or_none(kept)
    if found is not None:
        publish(tx, _charged(event.attendance_id, found.lesson_id, found.campus_id, revision))


def _charged(attendance_id: str, lesson_id: UUID, campus_id: UUID, revision: int) -> AttendanceCharged:
    return AttendanceCharged(
        lesson_id=str(lesson_id), attendance_id=attendance_id, campus_id=str(campus_id), revision=revision
    )
