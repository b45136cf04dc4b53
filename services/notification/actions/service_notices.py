"""What families and staff are told about service: tickets, surveys, messages, care."""

from __future__ import annotations

from lianxiao.student.v1.student_events_pb2 import FamilyNoticeDue, StaffNoticeDue
from services.notification.actions import campuses, messages, staff
from services.notification.actions.quote_messages import NO_ADDRESS
from shared.db import Tx
from shared.ids import as_uuid
from shared.settings import settings
from shared.wire_values import instant, optional_id


def tell_family(tx: Tx, event: FamilyNoticeDue) -> None:
    """Tell one guardian or all who may be contacted; a link needs the public address of the gateway."""
    values = {"subject": event.subject, "text": event.text}
    if event.path:
        if not settings().public_url:
            row = messages.new(event.notice, event.student_id, event.campus_id, event.cause)
            messages.refuse(tx, row, NO_ADDRESS)
            return
        values["link"] = settings().public_url.rstrip("/") + event.path
    messages.tell_guardians(
        tx,
        event.notice,
        event.student_id,
        event.campus_id,
        event.cause,
        values,
        guardian_id=optional_id(event.guardian_id),
    )


def tell_staff(tx: Tx, event: StaffNoticeDue) -> None:
    """Tell a member of staff what waits for them."""
    values = {"due_time": campuses.local(tx, event.campus_id, instant(event.due_time))}
    staff.tell(tx, event.notice, as_uuid(event.staff_id), event.campus_id, event.cause, values)
