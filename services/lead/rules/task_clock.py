"""What becomes of a task that nobody does: a reminder, overdue, then the principal hears of it."""

from __future__ import annotations

from datetime import datetime, timedelta

NONE, REMINDED, OVERDUE, ESCALATED = "", "reminded", "overdue", "escalated"
_ORDER = (NONE, REMINDED, OVERDUE, ESCALATED)


def step_times(due: datetime, *, reminder: timedelta, escalate: timedelta) -> dict[str, datetime]:
    """Return when each step is reached."""
    return {REMINDED: due - reminder, OVERDUE: due, ESCALATED: due + escalate}


def reached(
    watch: str, now: datetime, due: datetime, *, reminder: timedelta, escalate: timedelta
) -> tuple[list[str], datetime | None]:
    """Return the steps after `watch` that are due, in their order, and when to look next; None: never again.

    A task that is overdue when it is first looked at is not announced any more.
    """
    times = step_times(due, reminder=reminder, escalate=escalate)
    later = _ORDER[_ORDER.index(watch) + 1 :]
    steps = [step for step in later if times[step] <= now and not (step == REMINDED and now >= due)]
    waiting = [times[step] for step in later if times[step] > now]
    return steps, min(waiting, default=None)
