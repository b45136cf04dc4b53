"""Families who have no file yet get what a follow-up plan tells them; what a stopped plan would tell is not sent."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import PlanMessageDue, PlanMessagesWithdrawn
from services.notification.actions import campuses, families, messages, quiet_hours
from services.notification.rules.gate import FOLLOW_UP
from services.notification.rules.templates import PLAN_MESSAGE, Text
from shared.db import Tx
from shared.ids import as_uuid


def send(tx: Tx, event: PlanMessageDue) -> None:
    """Queue one message per run and step, outside the quiet hours; why there is none is on record."""
    campus = as_uuid(event.campus_id)
    row = messages.new(PLAN_MESSAGE, event.customer_id, event.campus_id, _cause(event.plan_run_id, event.step))
    row.purpose = FOLLOW_UP
    row.send_time = quiet_hours.send_time(tx, campus, campuses.zone(tx, campus))
    family = event.family
    email = family.guardian_email if event.channel == messages.EMAIL else ""
    other = {"sms": family.guardian_phone, "wechat": family.wechat_id}.get(event.channel, "")
    refusal = families.refusal(tx, event.customer_id, family, email, other)
    if refusal:
        messages.refuse(tx, row, refusal)
    else:
        messages.queue_text(tx, row, Text(event.subject, event.text), email=email, other=other)


def withdraw(tx: Tx, event: PlanMessagesWithdrawn) -> None:
    """Refuse the messages that still wait, and those that have not even come yet: their place is taken."""
    causes = [_cause(event.plan_run_id, step) for step in event.steps]
    messages.withdraw(tx, PLAN_MESSAGE, event.customer_id, event.campus_id, causes)


def _cause(plan_run_id: str, step: int) -> str:
    return f"{plan_run_id}:{step}"
