"""Who may be given something to do."""

from __future__ import annotations

from uuid import UUID

from services.student.models import Staff
from shared.db import Tx
from shared.errors import Refused


def check_assignable(tx: Tx, staff_id: UUID | None, campus_id: UUID | None = None) -> None:
    """Raise Refused STAFF_NOT_ASSIGNABLE unless somebody is at work, at a campus where one is given; None is nobody.

    Whoever is assignable cannot leave before the commit.
    """
    if staff_id is None:
        return
    key = (tx.institution_id, staff_id)
    person = tx.session.get(Staff, key, with_for_update={"read": True}, populate_existing=True)
    here = person is not None and (person.campus_ids is None or campus_id is None or campus_id in person.campus_ids)
    if person is None or not person.active or not here:
        raise Refused("STAFF_NOT_ASSIGNABLE", "this is no active member of staff of the campus", staff_id=str(staff_id))
