"""What an attendance charges, by code and by the rules for absences, and when a roll call may begin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

FULL = 100


@dataclass(frozen=True, slots=True)
class Code:
    """An attendance code: the part of a lesson that it charges in hundredths, and what follows from it."""

    code: str
    name: str
    charge_factor_hundredths: int
    makeup_entitled: bool
    counts_as_present: bool
    active: bool = True
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What an absence of a kind charges when it was announced at least so long before the lesson."""

    id: UUID
    code: str
    # None: every course.
    course_id: UUID | None
    least_notice_minutes: int
    charge_factor_hundredths: int
    makeup_entitled: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What an attendance charges and brings, and the rule that says so; None: the code alone."""

    charge_factor_hundredths: int
    makeup_entitled: bool
    rule_id: UUID | None = None


# What an institution starts with; the table holds what it made of it.
FIRST_CODES = (
    Code("present", "出勤", FULL, makeup_entitled=False, counts_as_present=True),
    Code("late", "迟到", FULL, makeup_entitled=False, counts_as_present=True),
    Code("absent_unexcused", "旷课", FULL, makeup_entitled=False, counts_as_present=False),
    Code("excused", "请假", 0, makeup_entitled=True, counts_as_present=False),
    Code("sick", "病假", 0, makeup_entitled=True, counts_as_present=False),
)


def charge_hundredths(lesson_hours_hundredths: int, charge_factor_hundredths: int) -> int:
    """Return the charged part of a lesson in hundredths of a lesson hour, rounded half up."""
    return (lesson_hours_hundredths * charge_factor_hundredths + FULL // 2) // FULL


def decide(code: Code, rules: Iterable[Rule], *, course_id: UUID, notice_minutes: int | None) -> Decision:
    """Return what a code charges at a course by the rule that fits best.

    Rules speak of absences only. A rule of the course goes before one of every course, then the one that asks for the
    longest notice; an absence that nobody announced has a notice of nothing.
    """
    notice = max(notice_minutes or 0, 0)
    fitting = [
        rule
        for rule in rules
        if not code.counts_as_present
        and rule.code == code.code
        and rule.course_id in {None, course_id}
        and rule.least_notice_minutes <= notice
    ]
    if not fitting:
        return Decision(code.charge_factor_hundredths, code.makeup_entitled)
    best = max(fitting, key=lambda rule: (rule.course_id is not None, rule.least_notice_minutes, rule.id))
    return Decision(best.charge_factor_hundredths, best.makeup_entitled, best.id)


def notice_minutes(announced: datetime | None, lesson_start: datetime) -> int | None:
    """Return the whole minutes between the announcement and the lesson, at least 0; None without an announcement."""
    if announced is None:
        return None
    return max(int((lesson_start - announced).total_seconds() // 60), 0)


def is_too_early(lesson_start: datetime, now: datetime, time_zone: str) -> bool:
    """Say whether the day of the lesson, as the campus counts days, has not begun.

    Not the start itself: front desks take the roll call while children arrive, and an excuse is known before.
    """
    zone = ZoneInfo(time_zone)
    return now.astimezone(zone).date() < lesson_start.astimezone(zone).date()
