"""Events that org listens to: the answers to its handovers."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import LeadsHandedOver
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingHandedOver
from lianxiao.student.v1.student_events_pb2 import StudentsHandedOver
from services.org.actions import handovers
from shared.inbox import AnyConsumer, Consumer

CONSUMERS: list[AnyConsumer] = [
    Consumer("org.on_leads_handed_over", LeadsHandedOver, handovers.on_leads_handed_over),
    Consumer("org.on_students_handed_over", StudentsHandedOver, handovers.on_students_handed_over),
    Consumer("org.on_teaching_handed_over", TeachingHandedOver, handovers.on_teaching_handed_over),
]
