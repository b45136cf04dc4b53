"""Events that student listens to."""

from __future__ import annotations

from lianxiao.billing.v1.billing_events_pb2 import OpeningBalancesUndone
from lianxiao.lead.v1.lead_events_pb2 import (
    GuardianConsented,
    LeadCaptured,
    LeadEnrolled,
    LeadMerged,
    LeadMergeUndone,
    MarketingDeclined,
    WorkingHoursChanged,
)
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    ClassGroupCreated,
    ClassGroupJoined,
    ClassGroupLeft,
    ClassRecordPublished,
    CourseChanged,
    HomeworkGiven,
    HomeworkSubmissionChanged,
    LessonScheduled,
    StudentRemarkPublished,
)
from lianxiao.student.v1.student_events_pb2 import PersonalDataRevealed, SubjectPartErased, SubjectPartExported
from services.student.actions import (
    campus_hours,
    campuses,
    class_remarks,
    consents,
    courses,
    customers,
    enrolments,
    handovers,
    homework_works,
    hour_lots,
    imported_openings,
    lessons,
    referrals,
    reveals,
    subject_requests,
    subjects,
    teaching,
    timeline,
)
from shared.inbox import AnyConsumer, Consumer, WildConsumer
from shared.subjects import consumers as subject_consumers

CONSUMERS: list[AnyConsumer] = [
    Consumer("student.on_lead_enrolled", LeadEnrolled, enrolments.from_lead),
    Consumer("student.on_guardian_consented", GuardianConsented, consents.from_lead),
    Consumer("student.on_lead_captured", LeadCaptured, referrals.from_lead),
    Consumer("student.on_lead_merged", LeadMerged, customers.merged),
    Consumer("student.on_lead_merge_undone", LeadMergeUndone, customers.parted),
    Consumer("student.on_marketing_declined", MarketingDeclined, consents.from_opt_out),
    Consumer("student.on_staff_changed", StaffChanged, handovers.on_staff_changed, ordered=True),
    Consumer("student.on_campus_changed", CampusChanged, campuses.project, ordered=True),
    Consumer("student.on_working_hours_changed", WorkingHoursChanged, campus_hours.project, ordered=True),
    Consumer("student.on_class_group_created", ClassGroupCreated, teaching.on_group),
    Consumer("student.on_class_group_joined", ClassGroupJoined, teaching.on_joined),
    Consumer("student.on_class_group_left", ClassGroupLeft, teaching.on_left),
    Consumer("student.on_lesson_scheduled", LessonScheduled, teaching.on_lesson),
    Consumer("student.on_attendance_confirmed", AttendanceConfirmed, teaching.on_attendance),
    Consumer("student.on_class_record_published", ClassRecordPublished, homework_works.on_record),
    Consumer("student.on_homework_given", HomeworkGiven, homework_works.on_given),
    Consumer("student.on_homework_submission_changed", HomeworkSubmissionChanged, homework_works.on_submission),
    Consumer("student.on_student_remark_published", StudentRemarkPublished, class_remarks.project),
    Consumer("student.on_course_changed", CourseChanged, courses.project, ordered=True),
    WildConsumer("student.hour_lots", hour_lots.project, keys=hour_lots.KEYS),
    WildConsumer("student.lessons", lessons.project, keys=lessons.KEYS),
    *subject_consumers("student", subjects.HOLDINGS),
    Consumer("student.on_opening_balances_undone", OpeningBalancesUndone, imported_openings.on_answer),
    Consumer("student.on_subject_part_exported", SubjectPartExported, subject_requests.on_part),
    Consumer("student.on_subject_part_erased", SubjectPartErased, subject_requests.on_part),
    Consumer("student.on_personal_data_revealed", PersonalDataRevealed, reveals.note),
    WildConsumer("student.timeline", timeline.append, keys=tuple(timeline.SOURCES)),
]
