"""Events that notification listens to."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import (
    ContractMessageDue,
    HoursBelowThreshold,
    HoursConsumed,
    InstalmentDue,
    QuoteSent,
)
from lianxiao.lead.v1.lead_events_pb2 import (
    AssessmentTaken,
    ContractNoticeDue,
    LeadMerged,
    LeadMergeUndone,
    PlanMessageDue,
    PlanMessagesWithdrawn,
    QuietHoursChanged,
    QuoteMessageDue,
    TrialReminderDue,
    TrialReminderWithdrawn,
)
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassGroupNotReady,
    ClassRecordPublished,
    HomeworkGiven,
    LeaveDecided,
    LessonNoticeDue,
    PlaceOffered,
    RollCallOverdue,
    SubstituteAccepted,
    SubstituteOffered,
    SubstituteOfferEnded,
)
from lianxiao.student.v1.student_events_pb2 import (
    FamilyNoticeDue,
    GuardianContactChanged,
    StaffNoticeDue,
    StudentEnrolled,
)
from services.notification.actions import (
    assessment_reports,
    campuses,
    contacts,
    contract_messages,
    customers,
    feed,
    lesson_notices,
    messages,
    plan_messages,
    quiet_hours,
    quote_messages,
    service_notices,
    staff,
    subjects,
    teaching_notices,
    trial_reminders,
)
from shared.inbox import AnyConsumer, Consumer, WildConsumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("notification.on_student_enrolled", StudentEnrolled, contacts.remember_student),
    Consumer("notification.on_guardian_contact_changed", GuardianContactChanged, contacts.remember_guardian),
    Consumer("notification.on_hours_consumed", HoursConsumed, messages.tell_consumption),
    Consumer("notification.on_hours_below_threshold", HoursBelowThreshold, messages.remind_of_renewal),
    Consumer("notification.on_instalment_due", InstalmentDue, messages.remind_of_instalment),
    Consumer("notification.on_trial_reminder_due", TrialReminderDue, trial_reminders.remind),
    Consumer("notification.on_trial_reminder_withdrawn", TrialReminderWithdrawn, trial_reminders.withdraw),
    Consumer("notification.on_plan_message_due", PlanMessageDue, plan_messages.send),
    Consumer("notification.on_plan_messages_withdrawn", PlanMessagesWithdrawn, plan_messages.withdraw),
    Consumer("notification.on_assessment_taken", AssessmentTaken, assessment_reports.send),
    Consumer("notification.on_quote_sent", QuoteSent, quote_messages.tell_students),
    Consumer("notification.on_quote_message_due", QuoteMessageDue, quote_messages.tell_family),
    Consumer("notification.on_contract_message_due", ContractMessageDue, contract_messages.tell_students),
    Consumer("notification.on_contract_notice_due", ContractNoticeDue, contract_messages.tell_family),
    Consumer("notification.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("notification.on_quiet_hours_changed", QuietHoursChanged, quiet_hours.remember, ordered=True),
    Consumer("notification.on_lesson_notice_due", LessonNoticeDue, lesson_notices.tell),
    Consumer("notification.on_leave_decided", LeaveDecided, lesson_notices.tell_leave),
    Consumer("notification.on_place_offered", PlaceOffered, lesson_notices.offer_place),
    Consumer("notification.on_homework_given", HomeworkGiven, lesson_notices.give_homework),
    Consumer("notification.on_class_record_published", ClassRecordPublished, lesson_notices.publish_record),
    Consumer("notification.on_staff_changed", StaffChanged, staff.project, ordered=True),
    Consumer("notification.on_substitute_offered", SubstituteOffered, teaching_notices.offer),
    Consumer("notification.on_substitute_offer_ended", SubstituteOfferEnded, teaching_notices.end_offer),
    Consumer("notification.on_substitute_accepted", SubstituteAccepted, teaching_notices.tell_substitute),
    Consumer("notification.on_roll_call_overdue", RollCallOverdue, teaching_notices.chase),
    Consumer("notification.on_class_group_not_ready", ClassGroupNotReady, teaching_notices.warn),
    Consumer("notification.on_family_notice_due", FamilyNoticeDue, service_notices.tell_family),
    Consumer("notification.on_staff_notice_due", StaffNoticeDue, service_notices.tell_staff),
    WildConsumer("notification.feed", feed.append),
    Consumer("notification.on_lead_merged", LeadMerged, customers.merged),
    Consumer("notification.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    *subject_consumers("notification", subjects.HOLDINGS, subjects.forget),
]
