"""Events that student listens to."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import (
    GuardianConsented,
    LeadEnrolled,
    LeadMerged,
    LeadMergeUndone,
    WorkingHoursChanged,
)
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from services.student.actions import campus_hours, campuses, consents, customers, enrolments, handovers, timeline
from shared.inbox import AnyConsumer, Consumer, WildConsumer

CONSUMERS: list[AnyConsumer] = [
    Consumer("student.on_lead_enrolled", LeadEnrolled, enrolments.from_lead),
    Consumer("student.on_guardian_consented", GuardianConsented, consents.from_lead),
    Consumer("student.on_lead_merged", LeadMerged, customers.merged),
    Consumer("student.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    Consumer("student.on_staff_changed", StaffChanged, handovers.on_staff_changed, ordered=True),
    Consumer("student.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("student.on_working_hours_changed", WorkingHoursChanged, campus_hours.project, ordered=True),
    WildConsumer("student.timeline", timeline.append, keys=tuple(timeline.SOURCES)),
]
