"""Events that org listens to: the answers to its handovers, and documents that are to be approved."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import ApprovalRequested
from lianxiao.lead.v1.lead_events_pb2 import LeadsHandedOver
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingHandedOver
from lianxiao.student.v1.student_events_pb2 import StudentsHandedOver
from services.org.actions import approvals, handovers
from shared.inbox import AnyConsumer, Consumer

CONSUMERS: list[AnyConsumer] = [
    Consumer("org.on_approval_requested", ApprovalRequested, approvals.request),
    Consumer("org.on_leads_handed_over", LeadsHandedOver, handovers.on_leads_handed_over),
    Consumer("org.on_students_handed_over", StudentsHandedOver, handovers.on_students_handed_over),
    Consumer("org.on_teaching_handed_over", TeachingHandedOver, handovers.on_teaching_handed_over),
]
