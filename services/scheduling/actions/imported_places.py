"""Places of students who came with an imported file and were in their class groups before."""

from __future__ import annotations

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import ClassGroupPlaceImported
from services.scheduling.actions import memberships
from services.scheduling.models import Membership
from shared import aliases
from shared.db import Tx
from shared.ids import as_uuid

# Whoever was in the group elsewhere has what it asks for.
_REASON = "imported"


def give(tx: Tx, event: ClassGroupPlaceImported) -> None:
    """Give a student the place, from now on; one who has it keeps it.

    Raises what `memberships.join` refuses, also for a student who is not heard of yet: tried again, then parked.
    """
    group_id, student_id = as_uuid(event.class_group_id), as_uuid(event.student_id)
    row = Membership
    standing = (row.class_group_id == group_id, row.leave_time.is_(None))
    mine = row.student_id.in_(aliases.family(tx, student_id))
    if tx.scalar(select(row.id).where(row.institution_id == tx.institution_id, *standing, mine)) is None:
        memberships.join(tx, group_id, student_id=student_id, override_reason=_REASON)
