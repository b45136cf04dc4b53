"""Who sits in class groups, as scheduling tells it: so that hours that nobody uses are seen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupJoined, ClassGroupLeft
from services.billing.models import ClassSeat
from shared.db import Tx
from shared.ids import as_uuid
from shared.tables import stamped
from shared.wire_values import instant


def on_joined(tx: Tx, event: ClassGroupJoined) -> None:
    """Note that a student sits in a class group, unless the end of it is known already."""
    who = {"student_id": as_uuid(event.student_id), "campus_id": as_uuid(event.campus_id)}
    since = {"course_id": as_uuid(event.course_id), "join_time": instant(event.join_time)}
    _note(tx, as_uuid(event.membership_id), who, since)


def on_left(tx: Tx, event: ClassGroupLeft) -> None:
    """Note that a student sits there no more; the news of both may come in either order."""
    who = {"student_id": as_uuid(event.student_id), "campus_id": as_uuid(event.campus_id)}
    _note(tx, as_uuid(event.membership_id), who, {"leave_time": instant(event.leave_time)})


def _note(tx: Tx, membership_id: UUID, who: dict[str, Any], told: dict[str, Any]) -> None:
    row = insert(ClassSeat).values(**stamped(tx, id=membership_id), **who, **told)
    key = [ClassSeat.institution_id, ClassSeat.id]
    tx.execute(row.on_conflict_do_update(index_elements=key, set_=told | {"update_time": tx.now}))
