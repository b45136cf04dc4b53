"""Which seats are left: places of class groups for students, and two seats of each lesson for trials."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from tools.demo.timetable import Group

TRIAL_SEATS = 2


class Seats:
    """Counts what the story has given away, so that nothing is refused later."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups
        self.lessons = [group.lessons() for group in groups]
        self._members: Counter[int] = Counter()
        self._trials: Counter[tuple[int, datetime]] = Counter()

    def draw(self, chance: Random, fits: Callable[[Group], bool]) -> Group | None:
        """Return a class group with a free place, the emptier the likelier, and None when there is none."""
        able = [group for group in self.groups if self._left(group) > 0 and fits(group)]
        if not able:
            return None
        return chance.choices(able, [self._left(group) for group in able])[0]

    def join(self, group: Group) -> None:
        """Give away a place."""
        self._members[group.key] += 1

    def trial(self, chance: Random, group: Group, since: datetime, until: datetime) -> datetime | None:
        """Give away a seat for a trial in some lesson between two moments; None when there is none."""
        starts = self.between(group.key, since, until)
        free = [start for start in starts if self._trials[group.key, start] < TRIAL_SEATS]
        if not free:
            return None
        start = chance.choice(free)
        self._trials[group.key, start] += 1
        return start

    def between(self, group: int, since: datetime, until: datetime) -> list[datetime]:
        """Return the lessons of a class group that start in [since, until]."""
        starts = self.lessons[group]
        return starts[bisect_left(starts, since) : bisect_right(starts, until)]

    def has_lessons_after(self, group: Group, moment: datetime) -> bool:
        """Say whether a family that joins then still gets some weeks of it."""
        return self.lessons[group.key][-1] > moment + timedelta(days=7)

    def _left(self, group: Group) -> int:
        return group.capacity - TRIAL_SEATS - self._members[group.key]
