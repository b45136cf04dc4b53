"""What statistics of lessons have in common: the days asked for, in the time of each campus, and how many rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from services.scheduling.rules.hours import Asked
from shared.db import Tx
from shared.errors import InvalidInput, Refused

MOST_ROWS = 5000
# No campus is further from UTC than that; the index is read this much more widely.
_FURTHEST = timedelta(hours=15)
# Lessons that a teacher, class group or student holds; who left early counts too, having perhaps been charged.
HELD = """l.id in (select lesson_id from lesson_resource where resource_id {}
  and state <> 'cancelled' and start_time >= %(since)s and start_time < %(until)s)"""


# Who has a grant for own rows sees the lessons that they teach beside another; figures are the main teacher's.
_ME = "(select current_setting('app.owner')::uuid)"
_LED = f" and (l.teacher_id = {_ME} or not {_ME} = any (l.teacher_ids))"


def led(tx: Tx) -> str:
    """Return the condition, put together from constants, that leaves a grant for own rows the lessons that one led."""
    return _LED if tx.scope.own else ""


def bounds(asked: Asked) -> dict[str, Any]:
    """Return the parameters since, until, first, last, most and those of what is asked for alone.

    InvalidInput PERIOD_INVALID at the very ends of the calendar.
    """
    try:
        since = datetime.combine(asked.first, time(), UTC) - _FURTHEST
        until = datetime.combine(asked.last, time(), UTC) + timedelta(days=1) + _FURTHEST
    except OverflowError as error:
        raise InvalidInput("start_date", "no lesson lies so far away", "PERIOD_INVALID") from error
    values: dict[str, Any] = {
        "since": since,
        "until": until,
        "first": asked.first,
        "last": asked.last,
        "most": MOST_ROWS + 2,
    }
    for name in ("campus_id", "course_id", "teacher_id", "class_group_id"):
        values[name] = str(getattr(asked, name))
    return values


def bucket(asked: Asked, local: str) -> str:
    """Return the first day of the period that a local time falls into, as SQL put together from constants."""
    return f"date_trunc('{asked.period}', {local})::date" if asked.period else "%(first)s::date"


def check_few(found: Sequence[Any]) -> None:
    """Raise Refused HOUR_STATISTICS_TOO_MANY for more rows than an answer holds, their sum not counted."""
    if len(found) > MOST_ROWS + 1:
        raise Refused("HOUR_STATISTICS_TOO_MANY", f"more than {MOST_ROWS} rows; ask for less", most=MOST_ROWS)
