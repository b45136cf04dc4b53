"""The roles that every institution starts with. They may be edited; hq_admin keeps every right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["own", "campus", "region", "chain"]
ADMIN = "hq_admin"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A role as it is first stored; `scope` is the reach of an assignment that names none."""

    code: str
    name: str
    scope: Scope
    permissions: tuple[str, ...]


# What everybody at work sees: places, courses, own to-dos, changes on the screen.
_DAILY = ("campus.read", "course.read", "custom_field.read", "feed.read", "room.read", "task.*", "teacher.read")

# Whoever cares for families.
_SERVING = (
    "ticket.*",
    "ticket_policy.read",
    "survey.read",
    "survey.invite",
    "family_comment.*",
    "call_task.*",
    "care_rule.read",
    "article.read",
    "family_message.*",
    "interview.*",
    "student_loss.*",
    "referral.*",
    "learning_record.read",
    "learning_preference.set",
    "student_level.set",
    "knowledge_map.read",
    "growth_report.*",
    "growth_report_file.read",
)
_SELLING = (
    *_DAILY,
    *(
        "lead.*",
        "claim.read",
        "claim.create",
        "claim.release",
        "pool.*",
        "trial.*",
        "quote.*",
        "contract.*",
        "contract_document.*",
        "contract_template.read",
        "approval.read",
        "approval.withdraw",
        "order.*",
        "instalment_plan.*",
        "receivable.read",
        "renewal.*",
        "amount_mismatch.read",
        "price.read",
        "promotion.read",
        "bundle.read",
        "coupon.*",
        "coupon_batch.read",
        "payment.read",
        "lot.read",
        "student_statement.read",
        "transfer.read",
        "wallet.read",
    ),
    *("consumption.read", "student.read", "guardian.*", "class_group.read", "lesson.read", "campaign.read"),
    *("tag.read", "student_tag.*"),
    *("purpose.read", "consent.*"),
    *_SERVING,
    *("refund.read", "refund.request", "refund_rule.read", "charge_rule.read", "message.read"),
    *("staff.read", "pii.read"),
    *("follow_up_plan.read", "follow_up_plan.start", "follow_up_plan.stop", "working_hours.read", "lead_policy.read"),
    *("grading_rule.read", "saved_filter.*", "workbench.read", "assessment.read", "assessment.invite"),
    *("playbook.read", "playbook.use"),
    *("pipeline.read", "sales_target.read", "sales_team.read", "sale.read", "nps_answer.*"),
    *("teaching_handover.create", "organisation.*"),
)
_TUTORING = (
    *_DAILY,
    *("student.*", "guardian.*", "class_group.*", "lesson.read", "attendance.*", "trial.read", "lot.read"),
    *(
        "lot.freeze",
        "lot.unfreeze",
        "transfer.read",
        "wallet.read",
        "forfeit.request",
        "forfeit.read",
        "tag.read",
        "student_tag.*",
    ),
    *("sign_in_token.read", "purpose.read", "consent.*"),
    *_SERVING,
    *("student_card.*", "teacher_attendance.read", "leave.*", "makeup.*", "waiting_list.*", "suspension.*"),
    *(
        "placement.*",
        "class_record.read",
        "student_class_record.read",
        "progress.read",
        "syllabus.read",
        "hour_statistic.read",
    ),
    *("student_style.*", "substitute.read", "substitute.request", "homework.*", "exam.*"),
    *("teaching_quality.read", "quality_alert.read", "quality_threshold.read", "campus_home.read"),
    *("consumption.read", "order.read", "refund.read", "refund.request", "message.read", "pii.read"),
)
_TIMETABLING = (
    *_DAILY,
    "timetable_run.*",
    *("course.*", "room.*", "teacher.*", "class_group.*", "lesson.*", "attendance.*", "trial.*", "student.read"),
    *("calendar.*", "calendar_feed.*", "capacity.read", "regulation.*"),
    *("attendance_code.*", "absence_rule.*", "attendance_device.*", "student_card.*", "teacher_attendance.*"),
    *("roll_call_policy.*", "leave.*", "makeup.*", "waiting_list.*", "suspension.*", "sign_in_token.read"),
    *(
        "placement.*",
        "syllabus.*",
        "class_record.*",
        "student_class_record.read",
        "progress.read",
        "rating_scale.set",
        "online_rule.*",
        "hour_statistic.read",
    ),
    *("student_style.*", "substitute.*", "substitute_candidate.read", "substitute_offer.read", "homework.*"),
    *("exam.*", "learning_record.read", "knowledge_map.read", "growth_report.*", "growth_report_file.read"),
    *("teaching_quality.read", "quality_alert.read", "quality_threshold.*", "campus_home.read"),
    # A trial is booked for a lead, and a family is called by its name.
    *("lead.read", "guardian.read", "report.read", "staff.read", "pii.read"),
    *("lead.reveal", "guardian.reveal"),
)
# No price, order, payment or split: what a family pays is none of a teacher's business; what a child is called is.
_TEACHING = (
    *_DAILY,
    *("teaching_handover.read", "teaching_handover.acknowledge", "playbook.read", "playbook.use"),
    *("teacher_attendance.clock_in", "teacher_attendance.read", "leave.request", "leave.read", "makeup.read"),
    *("sign_in_token.read",),
    *("lesson.read", "attendance.*", "trial.read", "trial.result", "class_group.read", "student.read", "pii.read"),
    *(
        "calendar_feed.*",
        "syllabus.read",
        "class_record.*",
        "student_class_record.read",
        "progress.read",
        "hour_statistic.read",
    ),
    *("substitute.request", "substitute.answer", "substitute.read", "substitute_offer.read", "homework.*"),
    *("exam.*", "learning_record.read", "learning_preference.set", "student_level.set", "knowledge_map.read"),
    *("teaching_quality.read", "teacher_home.read"),
    *("ticket.read", "ticket.answer", "ticket.solve", "article.read", "family_message.read", "family_message.send"),
    # Of their own pay.
    *("settlement.read", "settlement.dispute", "pay.read"),
)
_MONEY = (
    *(
        "price.*",
        "quote.read",
        "contract.read",
        "order.read",
        "staff.read",
        "payment.*",
        "lot.*",
        "student_statement.read",
        "transfer.*",
        "wallet.read",
        "forfeit.*",
        "opening_balance.read",
        "custody_account.*",
        "custody_release.*",
        "hour_policy.*",
        "lot_policy.*",
        "consumption.read",
    ),
    *("instalment_plan.*", "instalment_policy.*", "receivable.read", "renewal.read", "unapplied_receipt.*"),
    *("promotion.*", "bundle.*", "coupon.*", "coupon_batch.*", "quote_discount.approve"),
    *(
        "split_rule.*",
        "split.read",
        "pay_plan.*",
        "settlement_run.*",
        "settlement.*",
        "pay.read",
        "ledger.*",
        "refund.*",
        "refund_rule.*",
        "charge_rule.read",
        "student.read",
    ),
    *("course.read", "campus.read", "payment_alert.*", "amount_mismatch.*"),
    *("reconciliation.*", "reconciliation_item.*", "account_title.*", "voucher.*", "voucher_layout.*"),
    *("region.read", "report.read", "feed.read", "approval_flow.read", "approval.*", "contract_template.*"),
)
_OUTREACH = (
    *("purpose.read", "consent.read", "consent.withdraw"),
    *("lead_form.*", "webhook.read", "saved_filter.*", "assessment.*", "segment.*"),
    *(
        "survey.*",
        "article.*",
        "care_rule.*",
        "campaign.*",
        "template.*",
        "frequency_cap.*",
        "tag.*",
        "message.read",
        "lead.read",
        "lead.capture",
        "lead_import.*",
        "duplicate.*",
    ),
    *("claim.read", "course.read", "custom_field.read", "campus.read", "region.read", "report.read", "feed.read"),
)
_CHANNELS = (
    *("lead.read", "lead.capture", "lead_import.*", "duplicate.*", "claim.read", "claim.arbitrate", "campaign.read"),
    *(
        "organisation.read",
        "saved_filter.*",
        "partner.*",
        "registration.read",
        "support_request.read",
        "support_request.answer",
        "partner_material.*",
        "lead_policy.read",
    ),
    *("assignment_rule.read", "custom_field.read"),
    *("service_account.read", "split.read", "campus.read", "region.read", "report.read", "feed.read"),
)
_LEADING = (
    *_SELLING,
    *_TUTORING,
    *_TIMETABLING,
    *("lead_import.*", "student_import.*", "duplicate.*", "claim.*", "lead_issue.*", "lead_policy.*"),
    *("handover.read", "workload.read", "teacher_home.read"),
    *("registration.read", "approval_flow.read", "approval.*", "transfer.*", "forfeit.*", "opening_balance.read"),
    *("hour_policy.read", "lot_policy.read"),
    *(
        "assignment_rule.read",
        "payment.*",
        "split_rule.read",
        "split.read",
        # Whoever makes teachers may see what they are paid at the campus: nobody gives more than they hold.
        "settlement.read",
        "settlement.dispute",
        "pay.read",
        "refund.*",
        "refund_rule.read",
        "charge_rule.*",
        "template.read",
        "frequency_cap.read",
    ),
    *("promotion.*", "bundle.*", "coupon.*", "coupon_batch.*", "quote_discount.approve"),
    *("follow_up_plan.*", "working_hours.*", "sales_report.read", "sales_target.*", "sales_team.*"),
    *("lead_form.*", "webhook.*", "teaching_handover.*", "assessment.*", "segment.*"),
    # Whole lists, and looking after who looks.
    *("lead_list.reveal", "guardian_list.reveal", "reveal.read"),
    *("campus.update", "region.read", "staff.*", "role.read", "role.assign", "institution.read"),
)
# What a partner's program does: it registers customers, asks for help and fetches what it is given.
_PARTNERING = (
    *("lead.capture", "registration.*", "support_request.create", "support_request.read", "partner_material.read"),
)
# Every noun by name: "*.read" would include pii.read.
_AUDITING = tuple(
    f"{noun}.read"
    for noun in (
        *(
            "lead",
            "lead_import",
            "follow_up_plan",
            "working_hours",
            "sales_report",
            "pipeline",
            "lead_form",
            "assessment",
            "grading_rule",
            "saved_filter",
            "workbench",
            "playbook",
            "teaching_handover",
            "webhook",
            "sales_target",
            "sales_team",
            "sale",
            "nps_answer",
            "duplicate",
            "claim",
            "task",
            "trial",
            "assignment_rule",
            "course",
            "room",
            "teacher",
            "class_group",
            "lesson",
        ),
        *("attendance", "attendance_code", "absence_rule", "attendance_device", "teacher_attendance"),
        *("roll_call_policy", "leave", "makeup", "waiting_list", "suspension", "placement"),
        *("syllabus", "class_record", "student_class_record", "progress", "hour_statistic", "online_rule"),
        *("student_style", "substitute", "substitute_candidate", "substitute_offer", "homework"),
        *("teaching_quality", "quality_alert", "quality_threshold", "campus_home"),
        *("promotion", "bundle", "coupon", "coupon_batch"),
        *(
            "ticket",
            "ticket_policy",
            "survey",
            "call_task",
            "care_rule",
            "article",
            "family_message",
            "interview",
            "student_loss",
            "referral",
            "exam",
            "learning_record",
            "growth_report",
            "growth_report_file",
            "student_import",
            "knowledge_map",
        ),
        *("student", "guardian", "tag", "price", "quote", "contract", "order", "payment", "lot"),
        *("payment_alert", "amount_mismatch", "reconciliation", "contract_template", "approval"),
        *("instalment_plan", "instalment_policy", "receivable", "renewal", "unapplied_receipt"),
        *(
            "consumption",
            "split_rule",
            "split",
            "settlement_run",
            "settlement",
            "payout_batch",
            "netting",
            "pay",
            "ledger",
            "account_title",
            "voucher",
            "voucher_layout",
            "refund",
            "refund_rule",
            "charge_rule",
            "campaign",
            "template",
            "frequency_cap",
            "message",
            "feed",
        ),
        *(
            "handover",
            "workload",
            "lead_issue",
            "lead_policy",
            "pool",
            "organisation",
            "partner",
            "registration",
            "support_request",
            "partner_material",
        ),
        *("report", "campus", "region", "staff", "role", "service_account", "institution"),
        *("reveal", "reveal_alert"),
        *("custom_field", "approval_flow", "segment", "calendar_feed", "timetable_run", "capacity"),
    )
)


def _role(code: str, name: str, scope: Scope, permissions: tuple[str, ...]) -> BuiltIn:
    return BuiltIn(code, name, scope, tuple(sorted(set(permissions))))


BUILT_IN = (
    _role(ADMIN, "总部管理员", "chain", ("*",)),
    _role("principal", "校长", "campus", _LEADING),
    _role("course_advisor", "课程顾问", "own", _SELLING),
    _role("class_tutor", "班主任", "campus", _TUTORING),
    _role("academic_admin", "教务", "campus", _TIMETABLING),
    _role("teacher", "教师", "own", _TEACHING),
    _role("finance", "财务", "chain", _MONEY),
    _role("marketing", "市场", "chain", _OUTREACH),
    _role("channel_manager", "渠道经理", "chain", _CHANNELS),
    _role("auditor", "审计", "chain", _AUDITING),
    _role("channel_partner", "渠道伙伴", "campus", _PARTNERING),
)
