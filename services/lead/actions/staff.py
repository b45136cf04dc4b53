"""The staff members that lead knows, as org's events tell them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from lianxiao.org.v1.org_events_pb2 import StaffChanged
from services.lead.models import Staff
from shared.caller import NOBODY
from shared.db import Tx
from shared.errors import Refused
from shared.ids import as_uuid


def project(tx: Tx, event: StaffChanged) -> None:
    """Keep the copy of a staff member fresh."""
    staff_id = as_uuid(event.staff_id)
    row = tx.session.get(Staff, (tx.institution_id, staff_id), with_for_update=True, populate_existing=True)
    if row is None:
        row = Staff(id=staff_id)
        tx.session.add(row)
    row.display_name = event.display_name
    row.active = event.active
    row.roles = sorted({role.role for role in event.roles})
    row.campus_ids = _campuses(event)
    # The lock is taken now: whoever gives this person something waits, and then finds them as they are.
    tx.session.flush()


def _campuses(event: StaffChanged) -> list[UUID] | None:
    if any(not role.campus_ids for role in event.roles):
        return None
    return sorted({as_uuid(campus) for role in event.roles for campus in role.campus_ids})


def actor(tx: Tx) -> UUID | None:
    """Return who acts, or None for the system."""
    return None if tx.caller.subject_id == NOBODY else tx.caller.subject_id


def find(tx: Tx, staff_id: UUID, *, lock: bool = False) -> Staff | None:
    """Return a staff member, or None for somebody unknown here; with a lock they cannot leave before the commit."""
    shared = {"read": True} if lock else None
    return tx.session.get(Staff, (tx.institution_id, staff_id), with_for_update=shared, populate_existing=lock)


def works_at(tx: Tx, staff_id: UUID, campus_id: UUID) -> bool:
    """Say whether somebody is active and works at a campus; they stay so until the commit."""
    person = find(tx, staff_id, lock=True)
    return person is not None and person.active and (person.campus_ids is None or campus_id in person.campus_ids)


def check_assignable(tx: Tx, staff_ids: Iterable[UUID], campus_id: UUID | None) -> None:
    """Raise STAFF_NOT_ASSIGNABLE unless all are active and, with a campus given, work there.

    They stay so until the commit: whoever notes that somebody has left waits, and then finds what they were given.
    """
    wanted = set(staff_ids)
    query = select(Staff).where(Staff.id.in_(wanted), Staff.active).order_by(Staff.id)
    rows = tx.session.scalars(query.with_for_update(read=True).execution_options(populate_existing=True)).all()
    able = {row.id for row in rows if campus_id is None or row.campus_ids is None or campus_id in row.campus_ids}
    for staff_id in sorted(wanted - able):
        raise Refused(
            "STAFF_NOT_ASSIGNABLE",
            "this person is not an active staff member of the campus",
            staff_id=str(staff_id),
            campus_id=str(campus_id) if campus_id else None,
        )
