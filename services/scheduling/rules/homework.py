"""How far a student is with a homework, and what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.errors import InvalidInput

OPEN, SUBMITTED, RETURNED, MARKED = "open", "submitted", "returned", "marked"
_USUAL_HIGHEST = 100
_BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """What a student has handed in, and what the teacher made of it; nothing at first."""

    state: str = OPEN
    submit_time: datetime | None = None
    first_submit_time: datetime | None = None
    attempt_count: int = 0
    score: int | None = None
    score_highest: int = 0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded; without a time what stands, or now; the best score 0 is 100."""

    state: str
    submit_time: datetime | None = None
    score: int | None = None
    score_highest: int = 0
    remark: str = ""
    base_revision: int = 0


def step(before: Work, entry: Entry, *, lesson_start: datetime, now: datetime) -> Work:
    """Return what the work becomes.

    InvalidInput HOMEWORK_SCORE_INVALID for a score above the best or for what nobody has looked at,
    HOMEWORK_TIME_INVALID for a time before the lesson or an earlier time of it, or in the future.
    """
    remark = entry.remark.strip()
    judged = entry.state in {RETURNED, MARKED}
    highest = (entry.score_highest or _USUAL_HIGHEST) if entry.score is not None else 0
    if ((entry.score is not None or remark) and not judged) or (entry.score or 0) > highest:
        raise InvalidInput("score", "only what was looked at has a score, up to the best", "HOMEWORK_SCORE_INVALID")
    if entry.state == OPEN:
        if entry.submit_time is not None:
            raise _time_invalid()
        return Work()
    submit, first, attempts = _handed_in(before, entry, lesson_start, now)
    return Work(entry.state, submit, first, attempts, entry.score, highest, remark)


def is_late(first_submit_time: datetime | None, due_time: datetime | None) -> bool:
    """Say whether work was first handed in after it was due."""
    return first_submit_time is not None and due_time is not None and first_submit_time > due_time


def end_of(day: date, time_zone: str) -> datetime:
    """Return the last instant of a day that is kept, at a campus: what is due on a day may come in until midnight.

    InvalidInput DATE_INVALID at the very ends of the calendar.
    """
    try:
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(time_zone))
        return midnight.astimezone(UTC) - timedelta(microseconds=1)
    except OverflowError as error:
        raise InvalidInput("homework_due_date", "there is no such date", "DATE_INVALID") from error


def share(part: int, whole: int) -> int | None:
    """Return a share in basis points, rounded half up; None of nothing."""
    return (2 * _BASIS_POINTS * part + whole) // (2 * whole) if whole else None


def _handed_in(before: Work, entry: Entry, lesson_start: datetime, now: datetime) -> tuple[datetime, datetime, int]:
    """Return when it came last and first, and how often it came."""
    last, first = before.submit_time, before.first_submit_time
    moved = entry.submit_time not in {None, last}
    anew = last is None or (before.state == RETURNED and (entry.state != RETURNED or moved))
    # Whoever waited for another's change began before the time that stands by now.
    latest = max(now, last or now)
    submit = entry.submit_time or (latest if anew or last is None else last)
    if anew:
        least, attempts = last or lesson_start, before.attempt_count + 1
    else:
        least = lesson_start if before.attempt_count == 1 else first or lesson_start
        attempts = before.attempt_count
    if not least <= submit <= latest:
        raise _time_invalid()
    return submit, submit if attempts == 1 or first is None else first, attempts


def _time_invalid() -> InvalidInput:
    return InvalidInput("submit_time", "homework comes in after its lesson and before now", "HOMEWORK_TIME_INVALID")
