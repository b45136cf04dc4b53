"""The events of one child's way."""

from __future__ import annotations

from uuid import UUID

from google.protobuf.message import Message

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured, LeadEnrolled
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, TrialResultRecorded
from shared.ids import uuid7


def way(campus: UUID, *, campaign: UUID | None = None, captured: str = "2026-03-01T04:00:00Z") -> list[Message]:
    """Return enquiry, trial, enrolment, payment and first lesson of one child."""
    child, lead, place = str(uuid7()), str(uuid7()), str(campus)
    enquiry = LeadCaptured(
        lead_id=lead, customer_id=child, campus_id=place, source="walk_in", campaign_id=str(campaign or "")
    )
    enquiry.capture_time.FromJsonString(captured)
    trial = TrialResultRecorded(
        trial_id=str(uuid7()), lead_id=lead, customer_id=child, campus_id=place, attended=True, result="suitable"
    )
    trial.lesson_start_time.FromJsonString("2026-03-04T10:00:00Z")
    enrolled = LeadEnrolled(lead_id=lead, customer_id=child, campus_id=place)
    enrolled.enrol_time.FromJsonString("2026-03-06T10:00:00Z")
    paid = PaymentReceived(payment_id=str(uuid7()), order_id=str(uuid7()), customer_id=child, campus_id=place)
    paid.receive_time.FromJsonString("2026-03-05T10:00:00Z")
    taught = AttendanceConfirmed(
        attendance_id=str(uuid7()), student_id=child, campus_id=str(uuid7()), code="present", charge_hundredths=100
    )
    taught.lesson_start_time.FromJsonString("2026-03-08T10:00:00Z")
    return [enquiry, trial, enrolled, paid, taught]
