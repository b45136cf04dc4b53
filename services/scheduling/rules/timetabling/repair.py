"""A plan mended: what broke finds a new place, and nobody moves who need not."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from services.scheduling.rules.timetabling import construction, sat
from services.scheduling.rules.timetabling.problem import Plan, Problem
from services.scheduling.rules.timetabling.satmodel import SatModel

# In this order: place as many as possible, move as few as possible, and keep the time, teacher and room of what moves.
_UNPLACED, _MOVED, _TIME, _TEACHER, _ROOM = 100_000, 100, 4, 2, 1
_MOST_FREE = 250
_ROUND_SECONDS = 0.5
_SEARCHING = 0.5


@dataclass(frozen=True, slots=True)
class Repaired:
    """The new plan and the meetings that are elsewhere in it. `proven`: no plan places more of them."""

    plan: Plan
    moved: tuple[int, ...]
    proven: bool


def repair(
    problem: Problem,
    old: Plan,
    *,
    seconds: float,
    workers: int = 4,
    seed: int = 1,
    cancelled: Callable[[], bool] | None = None,
) -> Repaired:
    """Place what has no place or may not keep it, moving as few of the others as possible.

    Only what broke is free at first, then those in its way, then those in their way. So the first plan that places all
    is found among few meetings, and nobody beyond them has moved.
    """
    deadline = time.monotonic() + seconds
    kept = construction.keepable(problem, old)
    free = set(kept.unplaced)
    plan, proven = kept, not free
    while free and time.monotonic() < deadline:
        # To build the model and to look around takes its time too.
        left = max(_ROUND_SECONDS, _SEARCHING * (deadline - time.monotonic()))
        plan, proven = _solve(problem, plan, old, free, seconds=left, workers=workers, seed=seed, cancelled=cancelled)
        if not plan.unplaced or (cancelled is not None and cancelled()):
            break
        wider = free | _in_the_way(problem, plan, plan.unplaced)
        if wider == free or len(wider) > _MOST_FREE:
            proven = proven and wider == free
            break
        free, proven = wider, False
    if plan.unplaced and not proven:
        plan = _pushed(problem, plan, max(_ROUND_SECONDS, deadline - time.monotonic()), seed, cancelled)
        proven = not plan.unplaced
    pairs = enumerate(zip(old.placements, plan.placements, strict=True))
    moved = tuple(m for m, (before, now) in pairs if before is not None and now is not None and before != now)
    return Repaired(plan, moved, proven)


def _pushed(problem: Problem, plan: Plan, seconds: float, seed: int, cancelled: Callable[[], bool] | None) -> Plan:
    """Return the plan with its last meetings placed by pushing others on; it moves few, but perhaps not the fewest."""
    found = construction.build(problem, seconds=seconds, seed=seed, start=plan, cancelled=cancelled)
    return found if len(found.unplaced) < len(plan.unplaced) else plan


def _in_the_way(problem: Problem, plan: Plan, meetings: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for meeting in meetings:
        found |= construction.blockers(problem, plan, meeting)
    return {meeting for meeting in found if problem.meetings[meeting].fixed is None}


def _near(problem: Problem, plan: Plan, free: AbstractSet[int]) -> set[int]:
    """Return the placed meetings that could matter to some: those that share a room, somebody or a separation."""
    rooms = {room for m in free for room in problem.meetings[m].rooms}
    people = {each for m in free for each in (*problem.meetings[m].holds, *problem.meetings[m].teachers)}
    apart = {m for one in problem.separations if not free.isdisjoint(one.meetings) for m in one.meetings}
    found = set()
    for m, placement in enumerate(plan.placements):
        if placement is not None and (
            m in apart or placement.room in rooms or not people.isdisjoint(problem.held(m, placement))
        ):
            found.add(m)
    return found


def standing(problem: Problem, plan: Plan, free: Collection[int]) -> Problem:
    """Return the problem in which all but some meetings stay where a plan has them."""
    meetings = tuple(
        meeting if index in free or placement is None else replace(meeting, fixed=placement)
        for index, (meeting, placement) in enumerate(zip(problem.meetings, plan.placements, strict=True))
    )
    return replace(problem, meetings=meetings)


def _solve(
    problem: Problem,
    plan: Plan,
    old: Plan,
    free: AbstractSet[int],
    *,
    seconds: float,
    workers: int,
    seed: int,
    cancelled: Callable[[], bool] | None,
) -> tuple[Plan, bool]:
    """Return the best plan in which only the free ones differ, and whether there is no better one."""
    chosen = _near(problem, plan, free) | set(free)
    model = SatModel(standing(problem, plan, free), chosen, required=chosen - set(free))
    model.hint(plan)
    model.model.minimize(sum(_costs(model, free, old)))
    found = dict(enumerate(plan.placements))

    def note(value: Any) -> None:
        found.update(model.read(value))

    status = sat.solve(model, seconds, workers=workers, seed=seed, cancelled=cancelled, on_solution=note)
    return Plan(tuple(found[m] for m in range(len(problem.meetings)))), status == sat.BEST


def _costs(model: SatModel, free: Collection[int], old: Plan) -> Iterable[Any]:
    """Return what each free meeting costs: without a place, moved, and how far."""
    for meeting in free:
        choice, before = model.choices[meeting], old.placements[meeting]
        yield _UNPLACED * (1 - choice.present)
        if before is None:
            continue
        yield -_MOVED * model.stays(meeting, before)
        yield -_TIME * choice.starts.get(before.start, 0)
        if before.teacher is not None:
            yield -_TEACHER * sum(choice.held.get(before.teacher, {}).values())
        yield -_ROOM * sum(literal for (_, room), literal in choice.spots.items() if room == before.room)
