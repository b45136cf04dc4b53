"""Events that lead listens to."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import (
    ContractMessageDue,
    ContractSigned,
    HoursBelowThreshold,
    HoursConsumed,
    HoursRestored,
    OrderActivated,
    QuoteSent,
    RefundPaid,
)
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    TrialBooked,
    TrialCancelled,
    TrialInvited,
    TrialMoved,
    TrialResultRecorded,
)
from lianxiao.student.v1.student_events_pb2 import ConsentChanged, PurposeChanged
from services.lead.actions import (
    campuses,
    consent_changes,
    enrolments,
    handovers,
    links,
    sales,
    studies,
    subjects,
    tasks,
    trials,
)
from shared.inbox import AnyConsumer, Consumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("lead.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("lead.on_staff_changed", StaffChanged, handovers.on_staff_changed, ordered=True),
    Consumer("lead.on_trial_invited", TrialInvited, trials.on_invited),
    Consumer("lead.on_trial_moved", TrialMoved, trials.on_moved, ordered=True),
    Consumer("lead.on_trial_booked", TrialBooked, trials.on_booked),
    Consumer("lead.on_trial_result_recorded", TrialResultRecorded, trials.on_result_recorded),
    Consumer("lead.on_trial_cancelled", TrialCancelled, trials.on_cancelled),
    Consumer("lead.on_order_activated", OrderActivated, enrolments.on_order_activated),
    Consumer("lead.on_hours_below_threshold", HoursBelowThreshold, tasks.on_hours_below_threshold),
    Consumer("lead.on_quote_sent", QuoteSent, links.on_quote_sent),
    Consumer("lead.on_contract_message_due", ContractMessageDue, links.on_contract_message_due),
    Consumer("lead.on_contract_signed", ContractSigned, sales.on_contract_signed),
    Consumer("lead.on_hours_consumed", HoursConsumed, sales.on_hours_consumed),
    Consumer("lead.on_hours_restored", HoursRestored, studies.on_hours_restored),
    Consumer("lead.on_purpose_changed", PurposeChanged, consent_changes.on_purpose_changed, ordered=True),
    Consumer("lead.on_consent_changed", ConsentChanged, consent_changes.on_consent_changed),
    Consumer("lead.on_refund_paid", RefundPaid, sales.on_refund_paid),
    *subject_consumers("lead", subjects.HOLDINGS, subjects.forget),
]
