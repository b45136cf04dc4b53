"""Indicators of teaching, and when one is beyond its threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.scheduling.rules.hours import MOST_DAYS, MOST_DAYS_OF_CAMPUS
from shared.errors import InvalidInput

INDICATORS = (
    *("attendance", "no_show", "late_start", "late_roll_call", "class_record"),
    *("homework", "student_rating"),
)
# The more of these the worse; of the others the less.
_AT_MOST = frozenset({"no_show", "late_start", "late_roll_call"})
DIMENSIONS = ("teacher", "class_group")
# Roll calls and records that come in so much later still count for the month before.
_SETTLING = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where an indicator is told of, in basis points, once it stands on so many rows."""

    limit_basis_points: int
    least_row_count: int


def is_beyond(indicator: str, basis_points: int, row_count: int, threshold: Threshold | None) -> bool:
    """Say whether an indicator is worse than its threshold; never on fewer rows than that asks for."""
    if threshold is None or row_count < threshold.least_row_count:
        return False
    if indicator in _AT_MOST:
        return basis_points > threshold.limit_basis_points
    return basis_points < threshold.limit_basis_points


def months(now: datetime) -> Iterator[tuple[date, date]]:
    """Yield first and last day of the months to look at: this one, and that of three days ago."""
    for moment in sorted({(now - _SETTLING).date().replace(day=1), now.date().replace(day=1)}):
        yield moment, (moment + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def check(first: date, last: date, *, narrow: bool) -> None:
    """Raise InvalidInput PERIOD_INVALID for more days than may be asked for, or fewer than one."""
    most = MOST_DAYS_OF_CAMPUS if narrow else MOST_DAYS
    if not 0 <= (last - first).days < most:
        raise InvalidInput("end_date", f"ask for 1 to {most} days", "PERIOD_INVALID")
