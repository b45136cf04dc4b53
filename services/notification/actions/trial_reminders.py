"""Families who have no file yet are reminded of their trial; what does not hold any more is not sent."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from lianxiao.lead.v1.lead_events_pb2 import TrialReminderDue, TrialReminderWithdrawn
from services.notification.actions import families, messages, quiet_hours
from services.notification.rules.templates import TRIAL_REMINDER
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant


def remind(tx: Tx, event: TrialReminderDue) -> None:
    """Queue one message per reminder, outside the quiet hours; why there is none is on record."""
    start, zone = instant(event.start_time), ZoneInfo(event.time_zone)
    at = quiet_hours.send_time(tx, as_uuid(event.campus_id), zone)
    row = messages.new(TRIAL_REMINDER, event.customer_id, event.campus_id, _cause(event))
    row.send_time, row.expire_time = at, start
    family = event.family
    refusal = families.refusal(tx, event.customer_id, family, family.guardian_email, family.guardian_phone)
    if refusal:
        messages.refuse(tx, row, refusal)
    elif at >= start:
        messages.refuse(tx, row, "QUIET_HOURS" if tx.now < start else "TOO_LATE")
    else:
        local = start.astimezone(zone)
        values = {
            "course": event.course_name,
            "campus": event.campus_name,
            "lesson_time": f"{local:%Y-%m-%d %H:%M}",
        }
        told = families.values(family) | values
        messages.queue(tx, row, told, email=family.guardian_email, phone=family.guardian_phone)


def withdraw(tx: Tx, event: TrialReminderWithdrawn) -> None:
    """Refuse the message that still waits or is yet to come; one that a sender has claimed is on its way."""
    messages.withdraw(tx, TRIAL_REMINDER, event.customer_id, event.campus_id, [_cause(event)])


def _cause(event: TrialReminderDue | TrialReminderWithdrawn) -> str:
    return f"{event.trial_id}:{event.reminder_number}"
