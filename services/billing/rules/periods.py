"""Days that locked periods cover whole, and the days that they leave open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

_DAY = timedelta(days=1)


class Period(NamedTuple):
    """A locked period of [start_date, end_date)."""

    period_id: UUID
    start_date: date
    end_date: date


class Cover(NamedTuple):
    """How some days are made up: of whole periods, of days of periods that reach beyond them, and of open days.

    Spans are of days, both included.
    """

    periods: list[Period]
    locked_spans: list[tuple[date, date]]
    open_spans: list[tuple[date, date]]

    @property
    def open_days(self) -> int:
        """How many days have to be read line by line."""
        return sum((last - first).days + 1 for first, last in self.open_spans)


def cover(first: date, last: date, periods: Iterable[Period]) -> Cover:
    """Split the days from `first` to `last`, both included; periods must not overlap."""
    found = Cover([], [], [])
    begin = first
    for each in sorted(periods, key=lambda each: each.start_date):
        final = each.end_date - _DAY
        if final < first or each.start_date > last:
            continue
        if begin < each.start_date:
            found.open_spans.append((begin, each.start_date - _DAY))
        if first <= each.start_date and final <= last:
            found.periods.append(each)
        else:
            found.locked_spans.append((max(first, each.start_date), min(last, final)))
        begin = each.end_date
    if begin <= last:
        found.open_spans.append((begin, last))
    return found
