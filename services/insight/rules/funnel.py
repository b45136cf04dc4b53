"""Rates between stages, cost per head, and the borders of a period of days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.errors import InvalidInput
from shared.money import round_half_up

STAGES = ("enquiry", "trial", "enrolled", "paid", "first_lesson")
CHAIN_ZONE = "Asia/Shanghai"
_WHOLE = 10_000
_LONGEST_DAYS = 3_660


def rates(counts: Sequence[int]) -> list[int]:
    """Return each stage's share of the stage before in basis points, rounded half up; the first is whole."""
    shares = [_WHOLE]
    for before, now in pairwise(counts):
        shares.append(round_half_up(Fraction(now * _WHOLE, before)) if before else 0)
    return shares


def per_head(cost_fen: int, heads: int) -> int | None:
    """Return fen per head, rounded half up; None without heads."""
    return round_half_up(Fraction(cost_fen, heads)) if heads else None


def period(first_day: date, last_day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the half-open range of instants that the days cover in a time zone; raises InvalidInput."""
    if last_day < first_day:
        raise InvalidInput("end_date", "the last day is before the first", "DATES_REVERSED")
    if (last_day - first_day).days > _LONGEST_DAYS:
        raise InvalidInput("end_date", "a period covers at most ten years", "PERIOD_TOO_LONG")
    clock = ZoneInfo(zone)
    start = datetime.combine(first_day, time.min, clock)
    return start, datetime.combine(last_day + timedelta(days=1), time.min, clock)
