"""Events that scheduling listens to."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import HoursConsumed, HoursNotCharged, HoursNotCovered, HoursRestored
from lianxiao.lead.v1.lead_events_pb2 import (
    ClosedDatesChanged,
    LeadLost,
    LeadMerged,
    LeadMergeUndone,
    TrialsFollowedLead,
)
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from lianxiao.student.v1.student_events_pb2 import ClassGroupPlaceImported, StudentEnrolled
from services.scheduling.actions import (
    campuses,
    charges,
    customers,
    handovers,
    imported_places,
    leads,
    students,
    subjects,
)
from shared.inbox import AnyConsumer, Consumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("scheduling.on_hours_consumed", HoursConsumed, charges.on_hours_consumed),
    Consumer("scheduling.on_hours_not_charged", HoursNotCharged, charges.on_hours_not_charged),
    Consumer("scheduling.on_hours_not_covered", HoursNotCovered, charges.on_hours_not_covered),
    Consumer("scheduling.on_hours_restored", HoursRestored, charges.on_hours_restored),
    Consumer("scheduling.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("scheduling.on_closed_dates_changed", ClosedDatesChanged, campuses.close, ordered=True),
    Consumer("scheduling.on_staff_changed", StaffChanged, handovers.on_staff_changed, ordered=True),
    Consumer("scheduling.on_student_enrolled", StudentEnrolled, students.project),
    Consumer("scheduling.on_class_group_place_imported", ClassGroupPlaceImported, imported_places.give),
    Consumer("scheduling.on_lead_merged", LeadMerged, customers.merged),
    Consumer("scheduling.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    Consumer("scheduling.on_lead_lost", LeadLost, leads.on_lost),
    Consumer("scheduling.on_trials_followed_lead", TrialsFollowedLead, leads.on_trials_followed, ordered=True),
    *subject_consumers("scheduling", subjects.HOLDINGS),
]
