"""Families who have no file yet are reminded of their trial; what does not hold any more is not sent."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import TrialReminderDue, TrialReminderWithdrawn
from services.notification.actions import contacts, messages
from services.notification.models import Message
from services.notification.rules import quiet
from services.notification.rules.templates import TRIAL_REMINDER
from shared.caller import NOBODY
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant


def remind(tx: Tx, event: TrialReminderDue) -> None:
    """Queue one message per trial and time, outside the quiet hours; why there is none is on record."""
    start, at = instant(event.start_time), quiet.send_time(tx.now, event.time_zone)
    row = messages.new(TRIAL_REMINDER, event.customer_id, event.campus_id, _cause(event))
    row.send_time = at if at > tx.now else None
    address = event.guardian_email or event.guardian_phone
    if not event.may_contact or _unwanted(tx, as_uuid(event.customer_id)):
        messages.refuse(tx, row, "CONTACT_NOT_WANTED")
    elif not address:
        messages.refuse(tx, row, "NO_CONTACT")
    elif at >= start:
        messages.refuse(tx, row, "QUIET_HOURS" if tx.now < start else "TOO_LATE")
    else:
        local = start.astimezone(ZoneInfo(event.time_zone))
        values = {
            "guardian": event.guardian_name,
            "student": event.child_name or "孩子",
            "course": event.course_name,
            "campus": event.campus_name,
            "lesson_time": f"{local:%Y-%m-%d %H:%M}",
        }
        messages.queue(tx, row, values, email=event.guardian_email, phone=event.guardian_phone)


def withdraw(tx: Tx, event: TrialReminderWithdrawn) -> None:
    """Refuse the message that still waits; one that a sender has claimed is on its way."""
    mine = (Message.institution_id == tx.institution_id, Message.template == TRIAL_REMINDER)
    waiting = (Message.guardian_id == NOBODY, Message.business_key == _cause(event), Message.state == "queued")
    for message in tx.session.scalars(select(Message).where(*mine, *waiting).with_for_update()):
        messages.finish(tx, message.id, state="refused", reason="WITHDRAWN")


def _cause(event: TrialReminderDue | TrialReminderWithdrawn) -> str:
    return f"{event.trial_id}:{instant(event.start_time).isoformat()}"


def _unwanted(tx: Tx, customer_id: UUID) -> bool:
    """Say whether the child has a file, and no guardian in it wants to be contacted."""
    known = contacts.of_student(tx, customer_id)
    return bool(known) and not any(contact.may_contact for contact in known)
