"""Events that billing listens to."""

from __future__ import annotations

from lianxiao.lead.v1.lead_events_pb2 import CustomerRegistered, LeadMerged, LeadMergeUndone
from lianxiao.org.v1.org_events_pb2 import ApprovalDecided, ApprovalFlowChanged, CampusChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    AttendanceUnconfirmed,
    ClassGroupJoined,
    ClassGroupLeft,
    CourseChanged,
    StudentResumed,
    StudentSuspended,
    StudentTransferred,
)
from lianxiao.student.v1.student_events_pb2 import OpeningBalanceImported, ReferralRewardDue, StudentImportUndoAsked
from services.billing.actions import (
    approvals,
    campuses,
    charge_rules,
    class_seats,
    consumptions,
    customers,
    opening_balances,
    orders,
    partners,
    referral_gifts,
    restorations,
    subjects,
    suspensions,
    transfer_proposals,
)
from shared.inbox import AnyConsumer, Consumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("billing.on_approval_decided", ApprovalDecided, orders.on_approval_decided),
    Consumer("billing.on_approval_flow_changed", ApprovalFlowChanged, approvals.project, ordered=True),
    Consumer("billing.on_attendance_confirmed", AttendanceConfirmed, consumptions.consume),
    Consumer("billing.on_attendance_unconfirmed", AttendanceUnconfirmed, restorations.restore),
    Consumer("billing.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("billing.on_class_group_joined", ClassGroupJoined, class_seats.on_joined),
    Consumer("billing.on_class_group_left", ClassGroupLeft, class_seats.on_left),
    Consumer("billing.on_course_changed", CourseChanged, charge_rules.project, ordered=True),
    Consumer("billing.on_customer_registered", CustomerRegistered, partners.project),
    Consumer("billing.on_lead_merged", LeadMerged, customers.merged),
    Consumer("billing.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    Consumer("billing.on_opening_balance_imported", OpeningBalanceImported, opening_balances.take),
    Consumer("billing.on_student_import_undo_asked", StudentImportUndoAsked, opening_balances.undo),
    Consumer("billing.on_referral_reward_due", ReferralRewardDue, referral_gifts.give),
    Consumer("billing.on_student_suspended", StudentSuspended, suspensions.on_suspended),
    Consumer("billing.on_student_resumed", StudentResumed, suspensions.on_resumed),
    Consumer("billing.on_student_transferred", StudentTransferred, transfer_proposals.on_transferred),
    *subject_consumers("billing", subjects.HOLDINGS),
]
