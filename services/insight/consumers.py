"""Events that insight listens to."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from lianxiao.lead.v1.lead_events_pb2 import LeadCaptured, LeadEnrolled, LeadMerged, LeadMergeUndone
from lianxiao.marketing.v1.marketing_events_pb2 import CampaignCostRecorded, CampaignCreated
from lianxiao.org.v1.org_events_pb2 import CampusChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, TrialResultRecorded
from services.insight.actions import customers, projections, subjects
from shared.inbox import AnyConsumer, Consumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("insight.on_lead_captured", LeadCaptured, projections.enquiry),
    Consumer("insight.on_trial_result_recorded", TrialResultRecorded, projections.trial),
    Consumer("insight.on_lead_enrolled", LeadEnrolled, projections.enrolled),
    Consumer("insight.on_payment_received", PaymentReceived, projections.paid),
    Consumer("insight.on_attendance_confirmed", AttendanceConfirmed, projections.first_lesson),
    Consumer("insight.on_campaign_created", CampaignCreated, projections.campaign),
    Consumer("insight.on_campaign_cost_recorded", CampaignCostRecorded, projections.cost),
    Consumer("insight.on_campus_changed", CampusChanged, projections.campus),
    Consumer("insight.on_lead_merged", LeadMerged, customers.merged),
    Consumer("insight.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    *subject_consumers("insight", subjects.HOLDINGS),
]
