"""Which days care counts from. Pure functions."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from shared.errors import InvalidInput

BIRTHDAY, ENROLLED = "birthday", "enrolled"
# Of states: since the student came into one and is still in it.
STATES = ("paused", "finished", "lapsed", "alumnus")
MESSAGE, CALL = "message", "call"
# What was missed while nothing ran is made good for so long.
LATEST_DAYS = 3


def check(occasion: str, offset_days: int, states: Sequence[str], method: str, text: str) -> None:
    """Raise InvalidInput CARE_RULE_CONTRADICTION for care that could never be given, or that says nothing."""
    wrong = ""
    if offset_days < 0 and occasion != BIRTHDAY:
        wrong = "only birthdays are known beforehand"
    elif occasion in STATES and states and occasion not in states:
        wrong = "a student on this occasion is in none of these states"
    elif method == MESSAGE and not text:
        wrong = "a message needs a text"
    if wrong:
        raise InvalidInput("care_rule", wrong, "CARE_RULE_CONTRADICTION")


def occasion_days(now: datetime, offset_days: int) -> list[date]:
    """Return every day that may be an occasion now at some campus of the world, the earliest first."""
    first = now.date() - timedelta(days=offset_days + LATEST_DAYS)
    return [first + timedelta(days=number) for number in range(LATEST_DAYS + 2)]


def birthdays(days: Sequence[date]) -> list[tuple[int, int]]:
    """Return month and day of who has a birthday on one of these days; the 29th of February is kept on the 28th."""
    found = []
    for day in days:
        found.append((day.month, day.day))
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            found.append((2, 29))
    return found
