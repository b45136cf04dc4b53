"""Shipped texts, and how variables are put into a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.notification.rules import service_texts
from shared import placeholders
from shared.errors import InvalidInput

HOURS_CONSUMED = "hours_consumed"
HOURS_LOW = "hours_low"
TRIAL_REMINDER = "trial_reminder"
ASSESSMENT_REPORT = "assessment_report"
LESSON_MOVED = "lesson_moved"
LESSON_CHANGED = "lesson_changed"
LESSON_CANCELLED = "lesson_cancelled"
LESSON_NEAR = "lesson_near"
PLACE_OFFERED = "place_offered"
LEAVE_APPROVED = "leave_approved"
LEAVE_DECLINED = "leave_declined"
QUOTE_SENT = "quote_sent"
INSTALMENT_NEAR = "instalment_near"
INSTALMENT_LATE = "instalment_late"
CONTRACT_SENT = "contract_sent"
SIGNATURE_CODE = "signature_code"
HOMEWORK_GIVEN = "homework_given"
CLASS_RECORD_PUBLISHED = "class_record_published"
# To staff.
SUBSTITUTE_OFFERED = "substitute_offered"
SUBSTITUTE_FOUND = "substitute_found"
ROLL_CALL_OVERDUE = "roll_call_overdue"
CLASS_GROUP_NOT_READY = "class_group_not_ready"
# Its text stands in a plan of lead.
PLAN_MESSAGE = "plan_message"

_LESSON = ("guardian", "student", "course", "lesson_time", "room", "teacher")
VARIABLES: dict[str, tuple[str, ...]] = {
    HOURS_CONSUMED: ("guardian", "student", "consumed", "remaining", "lesson_time"),
    HOURS_LOW: ("guardian", "student", "remaining"),
    TRIAL_REMINDER: ("guardian", "student", "course", "campus", "lesson_time"),
    ASSESSMENT_REPORT: ("guardian", "student", "assessment", "percent", "report"),
    LESSON_MOVED: (*_LESSON, "old_time", "count"),
    LESSON_CHANGED: (*_LESSON, "count"),
    LESSON_CANCELLED: ("guardian", "student", "course", "old_time", "count"),
    LESSON_NEAR: _LESSON,
    PLACE_OFFERED: ("guardian", "student", "class_group", "expire_time"),
    LEAVE_APPROVED: ("guardian", "student", "course", "lesson_time"),
    LEAVE_DECLINED: ("guardian", "student", "course", "lesson_time"),
    QUOTE_SENT: ("guardian", "student", "total", "expire_time", "link"),
    INSTALMENT_NEAR: ("guardian", "student", "number", "amount", "due_date"),
    INSTALMENT_LATE: ("guardian", "student", "number", "amount", "due_date", "days"),
    CONTRACT_SENT: ("guardian", "student", "expire_time", "link"),
    SIGNATURE_CODE: ("guardian", "student", "expire_time", "code"),
    HOMEWORK_GIVEN: ("guardian", "student", "course", "lesson_time", "homework", "due_time"),
    CLASS_RECORD_PUBLISHED: ("guardian", "student", "course", "lesson_time"),
    SUBSTITUTE_OFFERED: ("staff", "course", "lesson_time", "expire_time"),
    SUBSTITUTE_FOUND: ("staff", "course", "lesson_time", "old_teacher", "teacher"),
    ROLL_CALL_OVERDUE: ("staff", "lesson_end_time"),
    CLASS_GROUP_NOT_READY: ("staff", "class_group", "unmet"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A template's subject and body."""

    subject: str
    body: str


SHIPPED: dict[tuple[str, str], Text] = {
    (QUOTE_SENT, "zh"): Text(
        "{student} 的课程报价",
        "{guardian}您好：为 {student} 准备的课程报价共 {total} 元，{expire_time} 前有效，查看并确认：{link}",
    ),
    (QUOTE_SENT, "en"): Text(
        "An offer for {student}",
        "Dear {guardian}, our offer for {student} comes to {total} yuan and stands until {expire_time}. Read and"
        " confirm it here: {link}",
    ),
    (INSTALMENT_NEAR, "zh"): Text(
        "{student} 的分期付款提醒",
        "{guardian}您好：{student} 的第 {number} 期学费 {amount} 元将于 {due_date} 到期，请按时付款。",
    ),
    (INSTALMENT_NEAR, "en"): Text(
        "An instalment for {student} is due",
        "Dear {guardian}, instalment {number} for {student}, {amount} yuan, is due on {due_date}.",
    ),
    (INSTALMENT_LATE, "zh"): Text(
        "{student} 的分期付款已逾期",
        "{guardian}您好：{student} 的第 {number} 期学费尚有 {amount} 元未付，已于 {due_date} 到期，逾期 {days} 天，"
        "请尽快付款或联系课程顾问。",
    ),
    (INSTALMENT_LATE, "en"): Text(
        "An instalment for {student} is overdue",
        "Dear {guardian}, {amount} yuan of instalment {number} for {student} were due on {due_date}, {days} days ago."
        " Please pay them, or talk to your course advisor.",
    ),
    (CONTRACT_SENT, "zh"): Text(
        "{student} 的培训合同",
        "{guardian}您好：{student} 的培训合同已备好，请在 {expire_time} 前阅读并签署：{link}",
    ),
    (CONTRACT_SENT, "en"): Text(
        "The contract for {student}",
        "Dear {guardian}, the contract for {student} is ready. Please read and sign it until {expire_time}: {link}",
    ),
    (SIGNATURE_CODE, "zh"): Text(
        "{student} 的合同签署验证码",
        "{guardian}您好：签署 {student} 的培训合同的验证码是 {code}，{expire_time} 前有效。请勿告诉他人。",
    ),
    (SIGNATURE_CODE, "en"): Text(
        "Code to sign the contract for {student}",
        "Dear {guardian}, the code to sign the contract for {student} is {code}, good until {expire_time}. Tell it to"
        " nobody.",
    ),
    (HOURS_CONSUMED, "zh"): Text(
        "{student} 的课时消耗通知",
        "{guardian}您好：{student} 于 {lesson_time} 上课，消耗 {consumed} 课时，剩余 {remaining} 课时。",
    ),
    (HOURS_CONSUMED, "en"): Text(
        "Lesson hours used by {student}",
        "Dear {guardian}, {student} had a lesson on {lesson_time}: {consumed} lesson hours used, {remaining} left.",
    ),
    (HOURS_LOW, "zh"): Text(
        "{student} 的课时即将用完",
        "{guardian}您好：{student} 的剩余课时为 {remaining}，请及时联系课程顾问安排续费。",
    ),
    (HOURS_LOW, "en"): Text(
        "Few lesson hours left for {student}",
        "Dear {guardian}, {student} has {remaining} lesson hours left. Please talk to your course advisor.",
    ),
    (TRIAL_REMINDER, "zh"): Text(
        "{student} 的试听提醒",
        "{guardian}您好：{student} 的试听课（{course}）将于 {lesson_time} 在{campus}开始，期待您的光临。"
        "如需改期，请联系课程顾问。",
    ),
    (TRIAL_REMINDER, "en"): Text(
        "Trial lesson of {student}",
        "Dear {guardian}, the trial lesson of {student} ({course}) begins on {lesson_time} at {campus}. We look forward"
        " to seeing you; to change the time, please talk to your course advisor.",
    ),
    (ASSESSMENT_REPORT, "zh"): Text(
        "{student} 的{assessment}报告",
        "{guardian}您好：{student} 完成了{assessment}，得分 {percent}%。\n{report}",
    ),
    (ASSESSMENT_REPORT, "en"): Text(
        "{assessment}: report for {student}",
        "Dear {guardian}, {student} has taken the assessment {assessment}: {percent}%.\n{report}",
    ),
    (LESSON_MOVED, "zh"): Text(
        "{student} 的上课时间有调整",
        "{guardian}您好：{student} 原定 {old_time} 的{course}课调整到 {lesson_time}，教室：{room}，"
        "任课老师：{teacher}。本次共调整 {count} 节课，详情请见课表。",
    ),
    (LESSON_MOVED, "en"): Text(
        "New lesson time for {student}",
        "Dear {guardian}, the lesson of {student} ({course}) planned for {old_time} moves to {lesson_time}, room"
        " {room}, teacher {teacher}. Lessons moved: {count}; please see the timetable.",
    ),
    (LESSON_CHANGED, "zh"): Text(
        "{student} 的上课安排有调整",
        "{guardian}您好：{student} 于 {lesson_time} 的{course}课安排有调整，教室：{room}，任课老师：{teacher}。"
        "本次共调整 {count} 节课，上课时间不变。",
    ),
    (LESSON_CHANGED, "en"): Text(
        "Changed lesson of {student}",
        "Dear {guardian}, the lesson of {student} ({course}) on {lesson_time} is now in room {room} with {teacher}."
        " Lessons changed: {count}; the times stay.",
    ),
    (LESSON_CANCELLED, "zh"): Text(
        "{student} 的课程取消通知",
        "{guardian}您好：{student} 原定 {old_time} 的{course}课取消。本次共取消 {count} 节课，不消耗课时。",
    ),
    (LESSON_CANCELLED, "en"): Text(
        "Lesson of {student} cancelled",
        "Dear {guardian}, the lesson of {student} ({course}) planned for {old_time} is cancelled. Lessons cancelled:"
        " {count}; no lesson hours are used.",
    ),
    (LESSON_NEAR, "zh"): Text(
        "{student} 的上课提醒",
        "{guardian}您好：{student} 的{course}课将于 {lesson_time} 开始，教室：{room}，任课老师：{teacher}。",
    ),
    (LESSON_NEAR, "en"): Text(
        "Lesson of {student}",
        "Dear {guardian}, the lesson of {student} ({course}) begins on {lesson_time}, room {room}, teacher {teacher}.",
    ),
    (PLACE_OFFERED, "zh"): Text(
        "{student} 候补的班级有名额了",
        "{guardian}您好：{class_group}有名额空出，为 {student} 保留到 {expire_time}，请及时联系课程顾问确认。",
    ),
    (PLACE_OFFERED, "en"): Text(
        "A place for {student}",
        "Dear {guardian}, a place in {class_group} is free and held for {student} until {expire_time}. Please talk to"
        " your course advisor.",
    ),
    (LEAVE_APPROVED, "zh"): Text(
        "{student} 的请假已批准",
        "{guardian}您好：{student} 于 {lesson_time} 的{course}课请假已批准。",
    ),
    (LEAVE_APPROVED, "en"): Text(
        "Leave of {student} approved",
        "Dear {guardian}, the leave of {student} from the lesson on {lesson_time} ({course}) is approved.",
    ),
    (LEAVE_DECLINED, "zh"): Text(
        "{student} 的请假未获批准",
        "{guardian}您好：{student} 于 {lesson_time} 的{course}课请假未获批准，请联系课程顾问。",
    ),
    (LEAVE_DECLINED, "en"): Text(
        "Leave of {student} declined",
        "Dear {guardian}, the leave of {student} from the lesson on {lesson_time} ({course}) was declined. Please talk"
        " to your course advisor.",
    ),
    (HOMEWORK_GIVEN, "zh"): Text(
        "{student} 的{course}作业",
        "{guardian}您好：{student} 于 {lesson_time} 的{course}课布置了作业：{homework}。提交截止：{due_time}。",
    ),
    (HOMEWORK_GIVEN, "en"): Text(
        "Homework of {student}",
        "Dear {guardian}, the lesson of {student} on {lesson_time} ({course}) gave homework: {homework}."
        " Due: {due_time}.",
    ),
    (CLASS_RECORD_PUBLISHED, "zh"): Text(
        "{student} 的上课记录",
        "{guardian}您好：{student} 于 {lesson_time} 的{course}课上课记录已发布，欢迎查看。",
    ),
    (CLASS_RECORD_PUBLISHED, "en"): Text(
        "Class record of {student}",
        "Dear {guardian}, the class record of the lesson of {student} on {lesson_time} ({course}) is published.",
    ),
    (SUBSTITUTE_OFFERED, "zh"): Text(
        "代课邀请：{lesson_time} {course}",
        "{staff}您好：{lesson_time} 的{course}课需要代课，请在 {expire_time} 前确认是否接受。",
    ),
    (SUBSTITUTE_OFFERED, "en"): Text(
        "Can you stand in on {lesson_time}?",
        "Dear {staff}, a substitute is wanted for the lesson on {lesson_time} ({course}). Please answer before"
        " {expire_time}.",
    ),
    (SUBSTITUTE_FOUND, "zh"): Text(
        "代课确认：{lesson_time} {course}",
        "{staff}您好：{lesson_time} 的{course}课原由{old_teacher}授课，现由{teacher}代课。",
    ),
    (SUBSTITUTE_FOUND, "en"): Text(
        "Substitute for the lesson on {lesson_time}",
        "Dear {staff}, the lesson on {lesson_time} ({course}) of {old_teacher} is taken by {teacher}.",
    ),
    (ROLL_CALL_OVERDUE, "zh"): Text(
        "有课次尚未点名确认",
        "{staff}您好：{lesson_end_time} 结束的课次尚未完成点名，请跟进。",
    ),
    (ROLL_CALL_OVERDUE, "en"): Text(
        "An open roll call",
        "Dear {staff}, the roll call of the lesson that ended at {lesson_end_time} is still open.",
    ),
    (CLASS_GROUP_NOT_READY, "zh"): Text(
        "{class_group}尚未满足开班条件",
        "{staff}您好：{class_group}临近开班日期，尚缺：{unmet}。",
    ),
    (CLASS_GROUP_NOT_READY, "en"): Text(
        "{class_group} is not ready to open",
        "Dear {staff}, the opening day of {class_group} is near, and it lacks: {unmet}.",
    ),
}
VARIABLES |= service_texts.FAMILY_VARIABLES | service_texts.STAFF_VARIABLES
SHIPPED |= {key: Text(*words) for key, words in service_texts.SHIPPED.items()}
_UNMET = {
    "zh": {"min_members": "最低人数", "teacher": "任课教师", "open_by_date": "开班日期已过"},
    "en": {"min_members": "members", "teacher": "a teacher", "open_by_date": "its day is over"},
}


def unmet_text(unmet: Iterable[str], language: str = "zh") -> str:
    """Return opening conditions that do not hold as people say them."""
    words = _UNMET[language]
    return ("、" if language == "zh" else ", ").join(words.get(each, each) for each in unmet)


def render(text: Text, values: Mapping[str, str]) -> Text:
    """Return the text with its variables filled in."""
    return Text(placeholders.fill(text.subject, values), placeholders.fill(text.body, values))


def check(code: str, text: Text) -> None:
    """Raise InvalidInput unless the text uses only variables that its template has."""
    if code not in VARIABLES:
        known = ", ".join(sorted(VARIABLES))
        raise InvalidInput("template_code", f"there is no template {code}; there are {known}", "TEMPLATE_UNKNOWN")
    placeholders.check(text.subject, VARIABLES[code], "subject")
    placeholders.check(text.body, VARIABLES[code], "body")


def hours_text(hundredths: int) -> str:
    """Return hundredths of an hour as people write them: 150 -> 1.5, 2800 -> 28."""
    hours = Fraction(hundredths, 100)
    return str(hours.numerator) if hours.denominator == 1 else f"{hundredths / 100:.2f}".rstrip("0")


def fen_text(fen: int) -> str:
    """Return an amount of fen in yuan as people write it: 123456 -> 1,234.56."""
    return f"{fen // 100:,}.{fen % 100:02}"
