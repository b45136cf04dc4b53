"""Whether a class group may open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from shared.errors import InvalidInput

WARN_BEFORE = timedelta(days=7)


class Opening(NamedTuple):
    """What a new class group asks for before it opens."""

    min_members: int = 0
    open_by_date: date | None = None
    needs_teacher: bool = False


AT_ONCE = Opening()
_MOST_MEMBERS, _MOST_HOURS = 1000, 24 * 30


class Conditions(NamedTuple):
    """What has to hold before a class group opens, and what does hold."""

    min_members: int
    member_count: int
    needs_teacher: bool
    has_teacher: bool
    open_by_date: date | None


def check_opening(changes: Mapping[str, Any]) -> None:
    """Refuse figures of a class group that mean nothing."""
    if not 0 <= changes.get("min_members", 0) <= _MOST_MEMBERS:
        raise InvalidInput("min_members", f"a class group opens with 0 to {_MOST_MEMBERS} members")
    if not 1 <= changes.get("offer_hours", 1) <= _MOST_HOURS:
        raise InvalidInput("offer_hours", f"an offer stands for 1 to {_MOST_HOURS} hours")


def unmet(conditions: Conditions, today: date) -> list[str]:
    """Return the codes of the conditions that do not hold: min_members, teacher, open_by_date."""
    found = []
    if conditions.member_count < conditions.min_members:
        found.append("min_members")
    if conditions.needs_teacher and not conditions.has_teacher:
        found.append("teacher")
    if conditions.open_by_date is not None and today > conditions.open_by_date:
        found.append("open_by_date")
    return found


def is_to_warn(conditions: Conditions, today: date) -> bool:
    """Say whether the day is near and something does not hold yet."""
    day = conditions.open_by_date
    return day is not None and today >= day - WARN_BEFORE and bool(unmet(conditions, today))
