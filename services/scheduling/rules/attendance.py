"""What an attendance code charges, and when a roll call may begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


def is_too_early(lesson_start: datetime, now: datetime, time_zone: str) -> bool:
    """Say whether the day of the lesson, as the campus counts days, has not begun.

    Not the start itself: front desks take the roll call while children arrive, and an excuse is known before.
    """
    zone = ZoneInfo(time_zone)
    return now.astimezone(zone).date() < lesson_start.astimezone(zone).date()
