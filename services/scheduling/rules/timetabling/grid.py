"""The periods of a typical week, laid over its minutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.scheduling.rules.timetabling.problem import LONGEST_DAY

DAYS = 7
_DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Grid:
    """Periods of `step` minutes, the first of a day at `first_minute`."""

    step: int
    first_minute: int
    day_periods: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Grid:
        """Choose the grid: quarters of an hour where lessons need them and a day then is not too long."""
        shifts = facts["campuses"].values()
        start, end = facts["day_start_minute"] + min(shifts), facts["day_end_minute"] + max(shifts)
        olds = [old for group in facts["groups"] for old in group["old"]]
        start = min([start, *(old["start_minute"] for old in olds)])
        end = max([end, *(old["start_minute"] + old["lesson_minutes"] for old in olds)])
        start, end = max(0, start - start % 30), min(_DAY_MINUTES, -(-end // 30) * 30)
        fine = any(group["lesson_minutes"] % 30 or start % 30 for group in facts["groups"])
        step = 15 if fine and (end - start) // 15 <= LONGEST_DAY else 30
        return cls(step, start, (end - start) // step)

    @property
    def every(self) -> frozenset[int]:
        """Return all periods of the week."""
        return frozenset(range(DAYS * self.day_periods))

    def periods_of(self, minutes: int) -> int:
        """Return how many periods a length takes, a begun one counted."""
        return -(-minutes // self.step)

    def minute_of(self, period: int) -> int:
        """Return the minute of the week at which a period begins."""
        day, position = divmod(period, self.day_periods)
        return day * _DAY_MINUTES + self.first_minute + position * self.step

    def covered(self, weekday: int, start: int, minutes: int) -> Iterator[int]:
        """Return the periods that a time touches."""
        first = (start - self.first_minute) // self.step
        last = -(-(start + minutes - self.first_minute) // self.step)
        for position in range(max(first, 0), min(last, self.day_periods)):
            yield (weekday - 1) * self.day_periods + position

    def inside(self, ranges: Iterable[Sequence[int]], shift: int) -> set[int]:
        """Return the periods that lie wholly within [weekday, start, end]; adjoining ranges count as one."""
        minutes = {(day - 1) * _DAY_MINUTES + minute + shift for day, a, b in ranges for minute in range(a, b, 5)}
        return {
            period
            for period in self.every
            if all(minute in minutes for minute in range(self.minute_of(period), self.minute_of(period) + self.step, 5))
        }

    def runs(self, periods: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Return unbroken stretches of periods within a day as (first, length)."""
        first, length = 0, 0
        for period in sorted(periods):
            if length and period == first + length and period % self.day_periods:
                length += 1
                continue
            if length:
                yield first, length
            first, length = period, 1
        if length:
            yield first, length
