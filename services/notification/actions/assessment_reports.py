"""A family gets the report of an assessment that it took."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import AssessmentTaken
from services.notification.actions import families, messages
from services.notification.rules.templates import ASSESSMENT_REPORT
from shared.db import Tx


def send(tx: Tx, event: AssessmentTaken) -> None:
    """Queue one message per report; the family waits for it, also at night. Why there is none is on record."""
    row = messages.new(ASSESSMENT_REPORT, event.customer_id, event.campus_id, event.assessment_sitting_id)
    family = event.family
    refusal = families.refusal(tx, event.customer_id, family, family.guardian_email, family.guardian_phone)
    if refusal:
        messages.refuse(tx, row, refusal)
        return
    told = {"assessment": event.assessment_name, "percent": str(event.percent), "report": event.report}
    messages.queue(tx, row, families.values(family) | told, email=family.guardian_email, phone=family.guardian_phone)
