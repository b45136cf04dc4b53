"""Shipped texts, and how variables are put into a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from shared import placeholders
from shared.errors import InvalidInput

HOURS_CONSUMED = "hours_consumed"
HOURS_LOW = "hours_low"
TRIAL_REMINDER = "trial_reminder"
ASSESSMENT_REPORT = "assessment_report"
# Its text stands in a plan of lead.
PLAN_MESSAGE = "plan_message"

VARIABLES: dict[str, tuple[str, ...]] = {
    HOURS_CONSUMED: ("guardian", "student", "consumed", "remaining", "lesson_time"),
    HOURS_LOW: ("guardian", "student", "remaining"),
    TRIAL_REMINDER: ("guardian", "student", "course", "campus", "lesson_time"),
    ASSESSMENT_REPORT: ("guardian", "student", "assessment", "percent", "report"),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A template's subject and body."""

    subject: str
    body: str


SHIPPED: dict[tuple[str, str], Text] = {
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
}


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
