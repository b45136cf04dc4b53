"""A plan built meeting by meeting: each takes its best spot and pushes out who stands there.

Whoever was pushed out often becomes dear to push out again, so that the search leaves its circles.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from services.scheduling.rules.timetabling.problem import TRAVELLING, Placement, Plan, Problem
from services.scheduling.rules.timetabling.spots import Spots

_FORBIDDEN = 1 << 40
# Rounds without a better plan after which nothing better is to be hoped for, at most and per meeting; how often the
# scarcest comes next.
_PATIENCE, _PATIENCE_EACH = 20_000, 200
_SCARCEST = 0.9


@dataclass(slots=True)
class _State:
    """Who stands where. `room_at` and `held_at` say which meeting has a room or a resource in a period."""

    problem: Problem
    spots: list[Spots]
    placed: list[Placement | None]
    room_at: dict[tuple[int, int], int] = field(default_factory=dict)
    held_at: dict[tuple[int, int], int] = field(default_factory=dict)
    pushed: list[int] = field(default_factory=list)
    # Meetings that have to lie on other days, with the days between.
    apart: list[list[tuple[int, int]]] = field(default_factory=list)


def build(
    problem: Problem,
    *,
    seconds: float,
    seed: int = 1,
    start: Plan | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """Return the plan without hard violations that places most meetings of those met in time.

    Fixed meetings stay; the others begin where `start` has them, as far as they get along.
    """
    chance = random.Random(seed)  # noqa: S311 - a search, no secret
    state = _begin(problem, start)
    deadline = time.monotonic() + seconds
    waiting = [m for m, placement in enumerate(state.placed) if placement is None and state.spots[m].by_start]
    waiting.sort(key=lambda m: (-state.spots[m].count, chance.random()))
    best, most, rest, idle = list(state.placed), 0, 0, 0
    patience = min(_PATIENCE, _PATIENCE_EACH * len(problem.meetings))
    while waiting and idle < patience and time.monotonic() < deadline and not (cancelled is not None and cancelled()):
        # Mostly the scarcest; now and then anyone, lest the same two push each other for ever.
        index = -1 if chance.random() < _SCARCEST else chance.randrange(len(waiting))
        meeting = waiting.pop(index)
        waiting += _settle(state, meeting, chance)
        rest += state.placed[meeting] is None
        placed, idle = len(problem.meetings) - len(waiting) - rest, idle + 1
        if placed > most:
            most, best, idle = placed, list(state.placed), 0
    return Plan(tuple(best))


def keepable(problem: Problem, plan: Plan) -> Plan:
    """Return the part of a plan that breaks nothing: of two that collide the first stays."""
    return Plan(tuple(_begin(problem, plan).placed))


def blockers(problem: Problem, plan: Plan, meeting: int) -> set[int]:
    """Return the meetings of a plan that stand somewhere where this one could be."""
    state = _begin(problem, plan)
    found: set[int] = set()
    for placement in state.spots[meeting].placements():
        found |= _against(state, meeting, placement)
    return found - {meeting}


def _begin(problem: Problem, start: Plan | None) -> _State:
    count = len(problem.meetings)
    state = _State(problem, [Spots(problem, m) for m in range(count)], [None] * count)
    state.pushed = [0] * count
    state.apart = [[] for _ in range(count)]
    for one in problem.separations:
        if one.weight is None:
            for first in one.meetings:
                state.apart[first] += [(other, one.min_days) for other in one.meetings if other != first]
    for meeting, each in enumerate(problem.meetings):
        if each.fixed is not None:
            _put(state, meeting, each.fixed)
    for meeting, placement in enumerate(start.placements if start is not None else ()):
        fits = placement is not None and state.placed[meeting] is None and state.spots[meeting].allows(placement)
        if placement is not None and fits and not _against(state, meeting, placement):
            _put(state, meeting, placement)
    return state


def _settle(state: _State, meeting: int, chance: random.Random) -> list[int]:
    """Place a meeting where it costs least; return who was pushed out, or itself when there is no spot."""
    cheapest, chosen = _FORBIDDEN, list[Placement]()
    for placement in state.spots[meeting].placements():
        price = _price(state, meeting, placement)
        if price < cheapest:
            cheapest, chosen = price, [placement]
        elif price == cheapest < _FORBIDDEN:
            chosen.append(placement)
    if not chosen:
        return []
    placement = chance.choice(chosen)
    out = _against(state, meeting, placement)
    if any(state.problem.meetings[other].fixed for other in out):
        return []
    for other in out:
        _take_out(state, other)
        state.pushed[other] += 1
    _put(state, meeting, placement)
    return list(out)


def _price(state: _State, meeting: int, placement: Placement) -> int:
    """Return what it costs to push out who stands there; ways and loads are looked at for the cheapest only."""
    price, meetings = 0, state.problem.meetings
    for other in _quick(state, meeting, placement):
        price += _FORBIDDEN if meetings[other].fixed else 1 + 2 * state.pushed[other]
    return price


def _quick(state: _State, meeting: int, placement: Placement) -> set[int]:
    """Return who holds what a placement takes, and its siblings on days too near."""
    problem = state.problem
    found: set[int] = set()
    held = problem.held(meeting, placement)
    for period in range(placement.start, placement.start + problem.meetings[meeting].duration):
        if placement.room is not None and (placement.room, period) in state.room_at:
            found.add(state.room_at[placement.room, period])
        for resource in held:
            if (resource, period) in state.held_at:
                found.add(state.held_at[resource, period])
    day = problem.day_of(placement.start)
    for other, least in state.apart[meeting]:
        there = state.placed[other]
        if there is not None and abs(problem.day_of(there.start) - day) < least:
            found.add(other)
    return found


def _against(state: _State, meeting: int, placement: Placement) -> set[int]:
    """Return every meeting that cannot stay when this one is placed so."""
    found = _quick(state, meeting, placement)
    problem = state.problem
    for resource in problem.held(meeting, placement):
        one = problem.resources[resource]
        if one.kind in TRAVELLING and placement.room is not None:
            found |= _too_near(state, meeting, placement, resource)
        if one.most_a_day is not None or one.most_a_week is not None:
            found |= _too_much(state, meeting, placement, resource, found)
    return found


def _too_near(state: _State, meeting: int, placement: Placement, resource: int) -> set[int]:
    """Return the meetings of somebody at other sites that leave no time for the way."""
    problem = state.problem
    site = problem.rooms[placement.room or 0].site
    first = problem.day_of(placement.start) * problem.day_periods
    end = placement.start + problem.meetings[meeting].duration
    found = set()
    for period in range(first, first + problem.day_periods):
        other = state.held_at.get((resource, period))
        there = state.placed[other] if other is not None else None
        if other is None or other == meeting or there is None or there.room is None:
            continue
        elsewhere = problem.rooms[there.room].site
        to, fro = problem.travel[elsewhere][site], problem.travel[site][elsewhere]
        if placement.start - to <= period < end + fro and site != elsewhere:
            found.add(other)
    return found


def _too_much(state: _State, meeting: int, placement: Placement, resource: int, out: set[int]) -> set[int]:
    """Return meetings to push out until somebody's loads are kept."""
    problem, one = state.problem, state.problem.resources[resource]
    day = problem.day_of(placement.start)
    mine = {m for (r, _), m in state.held_at.items() if r == resource} - out - {meeting}
    found: set[int] = set()
    for most, some in ((one.most_a_day, _on_day(state, mine, day)), (one.most_a_week, mine)):
        load = problem.meetings[meeting].duration
        for other in sorted(some, key=lambda m: state.pushed[m]):
            load += problem.meetings[other].duration
            if most is not None and load > most:
                found.add(other)
                load -= problem.meetings[other].duration
    return found


def _on_day(state: _State, meetings: Iterable[int], day: int) -> set[int]:
    places: list[tuple[int, Placement | None]] = [(m, state.placed[m]) for m in meetings]
    return {m for m, put in places if put is not None and state.problem.day_of(put.start) == day}


def _put(state: _State, meeting: int, placement: Placement) -> None:
    state.placed[meeting] = placement
    for keys, table in _cells(state, meeting, placement):
        table.update(dict.fromkeys(keys, meeting))


def _take_out(state: _State, meeting: int) -> None:
    placement = state.placed[meeting]
    if placement is not None:
        for keys, table in _cells(state, meeting, placement):
            for key in keys:
                table.pop(key, None)
    state.placed[meeting] = None


def _cells(
    state: _State, meeting: int, placement: Placement
) -> Sequence[tuple[list[tuple[int, int]], dict[tuple[int, int], int]]]:
    problem = state.problem
    periods = range(placement.start, placement.start + problem.meetings[meeting].duration)
    held = [(resource, period) for resource in problem.held(meeting, placement) for period in periods]
    rooms = [] if placement.room is None else [(placement.room, period) for period in periods]
    return (held, state.held_at), (rooms, state.room_at)
