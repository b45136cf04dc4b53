"""What keeps the teachers of a chain from a time or a place: their week, their loads, their ways, what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.scheduling.rules.timetabling.grid import Grid
from services.scheduling.rules.timetabling.problem import Resource, ResourceKind

Facts = Mapping[str, Any]


def travel(facts: Facts, grid: Grid) -> tuple[tuple[int, ...], ...]:
    """Return the whole periods that the way between two campuses takes."""
    ways = {(one, other): minutes for one, other, minutes in facts["travel"]}
    sites = list(facts["campuses"])
    return tuple(tuple(grid.periods_of(ways.get((a, b), 0)) for b in sites) for a in sites)


def teacher(facts: Facts, grid: Grid, one: Mapping[str, Any], busy: frozenset[int]) -> Resource:
    """Return a teacher; limits are in whole periods, so that nobody has a minute more than allowed."""
    return Resource(
        one["id"],
        ResourceKind.TEACHER,
        busy,
        blocked_at=tuple(_away(facts, grid, one)),
        most_a_day=one["most_day_minutes"] and one["most_day_minutes"] // grid.step,
        most_a_week=one["most_week_minutes"] and one["most_week_minutes"] // grid.step,
    )


def _away(facts: Facts, grid: Grid, one: Mapping[str, Any]) -> list[tuple[int, frozenset[int]]]:
    """Return the periods in which a teacher is not at each site; who named no times has no limit."""
    away = []
    for site, (campus, shift) in enumerate(facts["campuses"].items()):
        if one["campuses"] and campus not in one["campuses"]:
            away.append((site, grid.every))
            continue
        periods = _on_the_way(facts, grid, one["taught"], campus)
        if one["ranges"]:
            mine = [range_ for at, *range_ in one["ranges"] if at == campus]
            periods |= grid.every - grid.inside(mine, shift)
        if periods:
            away.append((site, frozenset(periods)))
    return away


def _on_the_way(facts: Facts, grid: Grid, taught: Sequence[Sequence[Any]], campus: str) -> set[int]:
    """Return the periods that the ways to and from lessons elsewhere take, which stand whatever is planned."""
    ways = {(one, other): minutes for one, other, minutes in facts["travel"]}
    found: set[int] = set()
    for at, weekday, start, minutes in taught:
        to, fro = ways.get((campus, at), 0), ways.get((at, campus), 0)
        found |= set(grid.covered(weekday, start - to, to))
        found |= set(grid.covered(weekday, start + minutes, fro))
    return found


def fair_load(periods: int, sharers: int) -> int:
    """Return the periods a week above which a teacher has more than a fair part of what several could teach."""
    return -(-periods // max(1, sharers))
