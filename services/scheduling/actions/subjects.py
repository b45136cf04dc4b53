"""What scheduling holds about people."""

from __future__ import annotations

from shared.holdings import PEOPLE, Holding

_STUDENT = f"student_id = {PEOPLE}"
# Constant texts.
_ATTENDANCE = f"attendance_id in (select id from attendance where {_STUDENT})"  # noqa: S608
_TRIAL = f"trial_id in (select id from trial where customer_id = {PEOPLE})"  # noqa: S608
_HOMEWORK = f"homework_submission_id in (select id from homework_submission where {_STUDENT})"  # noqa: S608
_STAFF = "teachers leave by a handover"

HOLDINGS: tuple[Holding, ...] = (
    Holding("student", "学员", "teaching", f"id = {PEOPLE}", sealed=("display_name_sealed",), clear=("wished_styles",)),
    Holding("attendance", "考勤", "teaching", _STUDENT, sealed=("remark_sealed",)),
    Holding("attendance_change", "考勤更正", "teaching", _ATTENDANCE, clear=("reason",)),
    Holding("student_remark", "课堂评语", "teaching", _STUDENT, sealed=("remark_sealed",)),
    Holding("student_remark_change", "课堂评语更正", "teaching", _STUDENT, sealed=("remark_sealed",)),
    Holding("homework_submission", "作业", "teaching", _STUDENT, sealed=("remark_sealed",)),
    Holding("homework_submission_change", "作业更正", "teaching", _HOMEWORK, sealed=("remark_sealed",)),
    Holding("leave_request", "请假", "teaching", _STUDENT, sealed=("reason_sealed",), clear=("decision_note",)),
    Holding("trial", "试听", "enquiry", f"customer_id = {PEOPLE}", sealed=("feedback_sealed", "child_name_sealed")),
    Holding("trial_step", "试听步骤", "enquiry", _TRIAL, clear=("reason",)),
    Holding("student_card", "学员卡", "teaching", _STUDENT, index=("card_index",)),
    Holding("suspension", "停课", "teaching", _STUDENT, clear=("reason", "return_problem")),
    Holding("membership", "在班", "teaching", _STUDENT, clear=("leave_reason",)),
    Holding("waiting_entry", "候补", "teaching", _STUDENT),
    Holding("placement", "分班", "teaching", _STUDENT),
    Holding("makeup_entitlement", "补课资格", "teaching", _STUDENT),
    Holding("sign_in", "签到", "teaching", _STUDENT),
    Holding("student_time", "可上课时间", "teaching", _STUDENT),
    Holding("device_event", "设备签到", "teaching", f"person_id = {PEOPLE}"),
    Holding("teacher", "教师", "employment", clear=("display_name",), note=_STAFF),
    Holding("substitute_offer", "代课", "employment", sealed=("remark_sealed",), note=_STAFF),
)
