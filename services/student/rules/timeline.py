"""Which events make a child's timeline, to whom they are shown, and what is kept of them. Pure.

Facts are ids, codes, counts and times: no name and no free text, so that nothing personal lies here. Amounts are kept
only where whoever may see the area may see money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from google.protobuf.message import Message

from lianxiao.billing.v1 import billing_events_pb2 as billing
from lianxiao.lead.v1 import lead_events_pb2 as lead
from lianxiao.notification.v1 import notification_events_pb2 as notification
from lianxiao.scheduling.v1 import scheduling_events_pb2 as scheduling
from lianxiao.student.v1 import student_events_pb2 as student

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
# What one must be allowed to read to be shown an area.
PERMISSIONS: Mapping[str, str] = {
    "enquiry": "lead.read",
    "sales": "order.read",
    "money": "payment.read",
    "hours": "lot.read",
    "lessons": "lesson.read",
    "learning": "student_class_record.read",
    "file": "student.read",
    "messages": "message.read",
    "service": "ticket.read",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of event: the area it is shown in, the fields that say who and when, and those that are kept.

    Without a time field it happened when it was published.
    """

    event: type[Message]
    area: str
    facts: tuple[str, ...]
    time: str = ""
    students: str = "student_id"

    @property
    def kind(self) -> str:
        """The name of the event in the timeline, such as "hours_consumed"."""
        return _WORD.sub("_", self.event.DESCRIPTOR.name).lower()

    @property
    def unsaid(self) -> Mapping[str, object]:
        """Facts that the bus leaves out where they are zero or false; what may be unknown is not among them."""
        fields = {name: self.event.DESCRIPTOR.fields_by_name[name] for name in self.facts}
        return {
            name: field.default_value
            for name, field in fields.items()
            if isinstance(field.default_value, int) and not field.has_presence
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a child's timeline; the same event gives the same entries, ids included."""

    id: UUID
    student_id: UUID
    area: str
    kind: str
    occur_time: str
    facts: Mapping[str, str]


def _enquiry(event: type[Message], *facts: str, time: str = "") -> Source:
    return Source(event, "enquiry", ("lead_id", *facts), time, "customer_id")


def _trial(event: type[Message], *facts: str, time: str = "") -> Source:
    return Source(event, "enquiry", ("trial_id", *facts), time, "customer_id")


def _bought(event: type[Message], area: str, *facts: str, time: str = "") -> Source:
    return Source(event, area, facts, time, "customer_id")


SOURCES: tuple[Source, ...] = (
    _enquiry(lead.LeadCaptured, "source", "campaign_id", time="capture_time"),
    _enquiry(lead.LeadTouched, "source", "campaign_id", time="touch_time"),
    _enquiry(lead.LeadAssigned, "owner_id"),
    _enquiry(lead.LeadFollowedUp, "staff_id", "channel", time="contact_time"),
    _enquiry(lead.LeadLost, "reason"),
    _enquiry(lead.LeadReturned, "reason"),
    _trial(scheduling.TrialInvited, "course_id"),
    _trial(scheduling.TrialBooked, "course_id", "teacher_id", "start_time"),
    _trial(scheduling.TrialMoved, "teacher_id", "start_time"),
    _trial(scheduling.TrialResultRecorded, "attended", "result"),
    _trial(scheduling.TrialCancelled, "reason"),
    _bought(billing.QuoteSent, "sales", "quote_id", "total_fen"),
    _bought(billing.QuoteConfirmed, "sales", "quote_id", "total_fen", time="confirm_time"),
    _bought(billing.ContractSigned, "sales", "contract_id", "total_fen", time="sign_time"),
    _bought(billing.OrderActivated, "sales", "order_id", "course_id", "total_fen", time="activate_time"),
    _bought(billing.PaymentReceived, "money", "order_id", "payment_id", "amount_fen", "method", time="receive_time"),
    _bought(billing.RefundPaid, "money", "order_id", "refund_id", "amount_fen", time="pay_time"),
    Source(billing.HoursConsumed, "hours", ("course_id", "lesson_id", "consumed_hundredths", "remaining_hundredths")),
    Source(billing.HoursNotCharged, "hours", ("course_id", "attendance_id", "remaining_hundredths")),
    Source(billing.HoursRestored, "hours", ("course_id", "restored_hundredths", "remaining_hundredths")),
    Source(billing.HoursNotCovered, "hours", ("course_id", "uncovered_hundredths", "remaining_hundredths", "reason")),
    Source(billing.HoursBelowThreshold, "hours", ("course_id", "remaining_hundredths", "threshold_hundredths")),
    Source(billing.HoursExpiring, "hours", ("course_id", "expire_date", "remaining_hundredths")),
    Source(billing.HoursExpired, "hours", ("course_id", "expire_date", "expired_hundredths")),
    Source(
        billing.HoursTransferred,
        "hours",
        ("source_course_id", "target_course_id", "transferred_hundredths", "target_hundredths", "undone"),
        "transfer_time",
        "student_ids",
    ),
    Source(billing.HoursForfeited, "hours", ("course_id", "forfeited_hundredths"), "forfeit_time"),
    Source(scheduling.ClassGroupJoined, "lessons", ("class_group_id", "course_id"), "join_time"),
    Source(scheduling.ClassGroupLeft, "lessons", ("class_group_id", "reason"), "leave_time"),
    Source(
        scheduling.StudentTransferred,
        "lessons",
        ("source_class_group_id", "target_class_group_id", "source_course_id", "target_course_id"),
        "transfer_time",
    ),
    Source(scheduling.StudentSuspended, "lessons", ("suspension_id", "start_time", "return_time")),
    Source(scheduling.StudentResumed, "lessons", ("suspension_id",), "resume_time"),
    Source(scheduling.PlaceOffered, "lessons", ("class_group_id", "expire_time")),
    Source(scheduling.WaitingEntryEnded, "lessons", ("class_group_id", "state")),
    Source(
        scheduling.AttendanceConfirmed,
        "lessons",
        ("lesson_id", "course_id", "teacher_id", "code", "lesson_start_time", "revision", "counts_as_present"),
    ),
    Source(scheduling.AttendanceUnconfirmed, "lessons", ("lesson_id", "revision")),
    Source(scheduling.LeaveRequested, "lessons", ("lesson_id", "leave_request_id")),
    Source(scheduling.LeaveDecided, "lessons", ("lesson_id", "leave_request_id", "state")),
    Source(scheduling.MakeupEntitlementChanged, "lessons", ("course_id", "state", "booked_lesson_id", "expire_time")),
    Source(
        scheduling.ClassRecordPublished,
        "learning",
        ("lesson_id", "course_id", "teacher_id", "corrected"),
        students="student_ids",
    ),
    Source(scheduling.HomeworkGiven, "learning", ("lesson_id", "course_id", "due_time"), students="student_ids"),
    Source(scheduling.HomeworkSubmissionChanged, "learning", ("lesson_id", "course_id", "state", "late")),
    Source(student.StudentLevelSet, "learning", ("subject", "level", "previous_level")),
    Source(student.ExamScoreRecorded, "learning", ("exam_id", "subject", "kind", "absent", "share_basis_points")),
    Source(student.GrowthReportMade, "learning", ("growth_report_id", "period", "delivery_count")),
    Source(student.GrowthReportOpened, "learning", ("growth_report_id", "guardian_id", "variant")),
    Source(student.StudentEnrolled, "file", ("lead_id", "owner_id"), "enrol_time"),
    Source(student.StudentHistoryImported, "lessons", ("attended_hundredths",)),
    Source(student.StudentStateChanged, "file", ("from_state", "to_state", "reason")),
    Source(student.GuardianContactChanged, "file", ("guardian_id", "relation", "may_contact")),
    Source(student.TicketOpened, "service", ("ticket_id", "kind", "owner_id", "resolve_due_time")),
    Source(student.TicketEscalated, "service", ("ticket_id", "kind", "level")),
    Source(student.TicketResolved, "service", ("ticket_id", "kind", "owner_id")),
    Source(student.TicketReopened, "service", ("ticket_id", "kind", "owner_id")),
    Source(student.TicketRated, "service", ("ticket_id", "satisfaction")),
    Source(student.SurveyAnswered, "service", ("survey_id", "teacher_id", "class_group_id", "ticket_id")),
    Source(student.FamilyCalled, "service", ("call_task_id", "staff_id", "outcome", "ticket_id")),
    Source(student.CareGiven, "service", ("care_rule_id", "occasion", "method")),
    Source(student.FamilyMessageSent, "service", ("family_thread_id", "guardian_id", "from_family")),
    Source(student.FamilyInterviewed, "service", ("interview_id", "staff_id", "ticket_count")),
    Source(student.ReferralUsed, "service", ("referral_id",)),
    Source(student.ReferralRewardDue, "service", ("referral_id", "gift_hundredths")),
    Source(
        notification.MessageFinished,
        "messages",
        ("message_id", "template", "channel", "state", "reason"),
        "finish_time",
    ),
)
KINDS = frozenset(source.kind for source in SOURCES)


def entries(source: Source, event_id: UUID, event_time: datetime, body: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield what an event, given as it travels on the bus, adds to the timelines of those whom it is about."""
    named = body.get(source.students) or []
    facts = {name: _text(value) for name, value in ({**source.unsaid, **body}).items() if name in source.facts}
    occur_time = body.get(source.time) or event_time.isoformat()
    for each in dict.fromkeys([named] if isinstance(named, str) else named):
        yield Entry(uuid5(event_id, each), UUID(each), source.area, source.kind, occur_time, facts)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):  # a date: what is unknown of it is left out on the bus
        return "-".join(f"{value.get(part, 0):02}" for part in ("year", "month", "day"))
    return str(value)
