"""Staff as recipients: where they are reached, as org's events tell it, and what they are told about their work."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from lianxiao.org.v1.org_events_pb2 import StaffChanged
from services.notification.actions import campuses, messages, quiet_hours
from services.notification.models import Message, Staff
from shared.caller import NOBODY
from shared.db import Tx
from shared.ids import as_uuid, uuid7

# Who looks after the timetable of a campus.
_ACADEMIC = "academic_admin"


def project(tx: Tx, event: StaffChanged) -> None:
    """Know how to reach a staff member; events of one come in order."""
    staff_id = as_uuid(event.staff_id)
    row = tx.session.get(Staff, (tx.institution_id, staff_id)) or Staff(id=staff_id)
    academic = [role for role in event.roles if role.role == _ACADEMIC]
    row.name, row.active, row.academic = event.display_name, event.active, bool(academic)
    everywhere = any(not role.campus_ids for role in academic)
    row.campus_ids = None if everywhere else sorted({as_uuid(key) for role in academic for key in role.campus_ids})
    # A sign-in name is an address only where it is one.
    Staff.email.seal(tx, row, event.email if "@" in event.email else "")
    tx.session.add(row)


def academics(tx: Tx, campus_id: UUID) -> Sequence[UUID]:
    """Return who looks after the timetable of a campus."""
    here = or_(Staff.campus_ids.is_(None), Staff.campus_ids.contains([campus_id]))
    mine = (Staff.institution_id == tx.institution_id, Staff.active, Staff.academic, here)
    return tx.session.scalars(select(Staff.id).where(*mine).order_by(Staff.id)).all()


def name_of(tx: Tx, staff_id: UUID) -> str:
    """Return the name of a staff member, or an empty text."""
    row = tx.session.get(Staff, (tx.institution_id, staff_id))
    return row.name if row else ""


def tell(  # noqa: PLR0917 - the five facts of a message
    tx: Tx,
    template: str,
    staff_id: UUID,
    campus_id: str,
    cause: str,
    values: Mapping[str, str],
    *,
    before: datetime | None = None,
) -> None:
    """Queue one message to a staff member outside the quiet hours; why there is none is on record.

    One that could not leave `before` is refused.
    """
    row = _row(template, staff_id, campus_id, cause)
    person = tx.session.get(Staff, (tx.institution_id, staff_id))
    email = (Staff.email.reveal(tx, person) or "") if person and person.active else ""
    if person is None or not email:
        messages.refuse(tx, row, "NO_CONTACT")
        return
    campus = as_uuid(campus_id)
    row.send_time = quiet_hours.send_time(tx, campus, campuses.zone(tx, campus))
    row.expire_time = before
    if before is not None and row.send_time >= before:
        messages.refuse(tx, row, "QUIET_HOURS" if tx.now < before else "TOO_LATE")
        return
    messages.queue(tx, row, dict(values) | {"staff": person.name}, email=email, phone="")


def withdraw(tx: Tx, template: str, staff_id: UUID, campus_id: str, causes: Collection[str]) -> None:
    """Refuse the messages to a staff member that still wait, and those that have not even come yet."""
    for cause in causes:
        messages.refuse(tx, _row(template, staff_id, campus_id, cause), messages.WITHDRAWN)
    messages.refuse_waiting(tx, template, [_key(cause, staff_id) for cause in causes])


def _row(template: str, staff_id: UUID, campus_id: str, cause: str) -> Message:
    row = messages.new(template, str(NOBODY), campus_id, _key(cause, staff_id))
    row.id, row.staff_id = uuid7(), staff_id
    return row


def _key(cause: str, staff_id: UUID) -> str:
    return f"{cause}:{staff_id}"
