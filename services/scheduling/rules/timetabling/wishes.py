"""Which starts suit a class group: the times that a run prefers, and when its students can and like to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.scheduling.rules.timetabling.grid import Grid

# For each student who cannot come, and for each who would rather come at another time.
_CANNOT, _RATHER_NOT = 3, 1


def possible(grid: Grid, group: Mapping[str, Any], shift: int) -> frozenset[int]:
    """Return the periods in which a class group can have a new lesson.

    An only student has to be able to come; of several who said when they can, hardly any time suits all.
    """
    if len(group["students"]) != 1 or not group["wishes"] or group["old"]:
        return grid.every
    return frozenset(grid.inside([said for *said, _ in group["wishes"][0]], shift))


def start_costs(
    grid: Grid,
    group: Mapping[str, Any],
    shift: int,
    *,
    preferred_times: Sequence[Sequence[int]],
    missing: Iterable[Sequence[int]],
    starts: Sequence[int],
    length: int,
) -> tuple[int, ...]:
    """Return what each start costs; `missing` is [weekday, start minute, minutes, dates] without a teacher."""
    preferred = grid.inside(preferred_times, shift) or grid.every
    can = [frozenset(grid.inside([said for *said, _ in wishes], shift)) for wishes in group["wishes"]]
    likes = [frozenset(grid.inside([said for *said, liked in wishes if liked], shift)) for wishes in group["wishes"]]
    dates: Counter[int] = Counter()
    for *span, number in missing:
        for period in grid.covered(*span):
            dates[period] = max(dates[period], number)
    found = []
    for start in starts:
        some = range(start, start + length)
        cost = int(not preferred.issuperset(some)) + max(dates[each] for each in some)
        cost += _CANNOT * sum(not each.issuperset(some) for each in can)
        cost += _RATHER_NOT * sum(bool(each) and not each.issuperset(some) for each in likes)
        found.append(cost)
    return tuple(found)
