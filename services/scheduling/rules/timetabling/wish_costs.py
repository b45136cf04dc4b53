"""What wishes and ties cost a plan, counted from nothing; a part of the judge (costs.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from services.scheduling.rules.timetabling.problem import LEARNING, Plan, Problem, Resource, covered
from services.scheduling.rules.timetabling.ties import Tie, TieKind, Wish, WishKind

_Week = Mapping[int, set[int]]  # day -> positions


def by_wishes(problem: Problem, plan: Plan) -> Iterator[tuple[str, int]]:
    """Yield what each wish, tie and meeting that should be last costs, by kind."""
    weeks = _weeks(problem, plan)
    for index, resource in enumerate(problem.resources):
        for wish in resource.wishes:
            yield wish.kind.name.lower(), wish.weight * excess(problem, resource, wish, weeks[index])
    for tie in problem.ties:
        yield tie.kind.name.lower(), tie.weight * is_broken(problem, plan, tie)
    for meeting, placement in zip(problem.meetings, plan.placements, strict=True):
        if placement is not None and meeting.last:
            day, position = divmod(placement.start + meeting.duration - 1, problem.day_periods)
            learning = (each for each in meeting.holds if problem.resources[each].kind in LEARNING)
            later = sum(max(weeks[each][day]) > position for each in learning)
            yield "last", problem.weights.last * later


def excess(problem: Problem, resource: Resource, wish: Wish, week: _Week) -> int:
    """Return by how many units a resource breaks a wish; `week` has the positions it is taken at, by day."""
    days = {day: taken for day, taken in week.items() if taken}
    free = {day: _unblocked(problem, resource, day) for day in range(problem.days)}
    if wish.kind in _OF_A_WEEK:
        return _OF_A_WEEK[wish.kind](days, free, wish.limit)
    return sum(_OF_A_DAY[wish.kind](taken, free[day], wish.limit) for day, taken in days.items())


def is_broken(problem: Problem, plan: Plan, tie: Tie) -> bool:
    """Say whether a plan breaks a tie; with a meeting that has no place nothing is broken."""
    first, second = plan.placements[tie.first], plan.placements[tie.second]
    if first is None or second is None:
        return False
    ends = first.start + problem.meetings[tie.first].duration, second.start + problem.meetings[tie.second].duration
    days = problem.day_of(first.start), problem.day_of(second.start)
    same_day, apart = days[0] == days[1], abs(days[0] - days[1])
    touching = same_day and (ends[0] == second.start or ends[1] == first.start)
    between = max(first.start, second.start) - min(ends)
    kept = {
        TieKind.APART: apart >= tie.amount,
        TieKind.WITHIN: apart <= tie.amount,
        TieKind.SAME_START: first.start == second.start,
        TieKind.SAME_DAY: same_day,
        TieKind.SAME_HOUR: (first.start - second.start) % problem.day_periods == 0,
        TieKind.TOUCHING_IF_SAME_DAY: touching or not same_day,
        TieKind.GAP_IF_SAME_DAY: between >= tie.amount or not same_day,
        TieKind.TOUCHING: touching,
        TieKind.FOLLOWED: same_day and ends[0] == second.start,
        TieKind.BEFORE: ends[0] <= second.start,
        TieKind.BEFORE_IF_SAME_DAY: ends[0] <= second.start or not same_day,
        TieKind.NOT_AT_ONCE: between >= 0,
    }
    return not kept[tie.kind]


def _weeks(problem: Problem, plan: Plan) -> list[dict[int, set[int]]]:
    weeks: list[dict[int, set[int]]] = [defaultdict(set) for _ in problem.resources]
    for index, placement in enumerate(plan.placements):
        if placement is not None:
            for resource in problem.held(index, placement):
                for period in covered(placement, problem.meetings[index].duration):
                    day, position = divmod(period, problem.day_periods)
                    weeks[resource][day].add(position)
    return weeks


def _unblocked(problem: Problem, resource: Resource, day: int) -> set[int]:
    first = day * problem.day_periods
    return {each for each in range(problem.day_periods) if first + each not in resource.blocked}


def _gaps(taken: set[int], free: set[int]) -> int:
    return len({each for each in range(min(taken), max(taken)) if each in free} - taken)


def _longest_run(taken: set[int]) -> int:
    longest = run = 0
    for each in range(max(taken) + 1):
        run = run + 1 if each in taken else 0
        longest = max(longest, run)
    return longest


def _late(days: _Week, free: _Week, limit: int) -> int:
    late = [len({each for each in free[day] if each < min(taken)}) for day, taken in days.items()]
    return max(0, sum(each > 0 for each in late) - limit) + sum(max(0, each - 1) for each in late)


def _short_days(days: _Week, free: _Week, limit: int) -> int:
    return sum(max(0, limit - len(days.get(day, ()))) for day in free if len(free[day]) >= limit)


_OF_A_WEEK: Mapping[WishKind, Callable[[_Week, _Week, int], int]] = {
    WishKind.MOST_DAYS: lambda days, _, limit: max(0, len(days) - limit),
    WishKind.LEAST_DAYS: lambda days, _, limit: max(0, limit - len(days)),
    WishKind.MOST_GAPS_A_WEEK: lambda days, free, limit: max(
        0, sum(_gaps(taken, free[day]) for day, taken in days.items()) - limit
    ),
    WishKind.MOST_LATE_BEGINNINGS: _late,
    WishKind.LEAST_EVERY_DAY: _short_days,
}
_OF_A_DAY: Mapping[WishKind, Callable[[set[int], set[int], int], int]] = {
    WishKind.MOST_GAPS_A_DAY: lambda taken, free, limit: max(0, _gaps(taken, free) - limit),
    WishKind.LEAST_A_DAY: lambda taken, _, limit: max(0, limit - len(taken)),
    WishKind.MOST_A_DAY: lambda taken, _, limit: max(0, len(taken) - limit),
    WishKind.MOST_IN_A_ROW: lambda taken, _, limit: max(0, _longest_run(taken) - limit),
    WishKind.MOST_SPAN: lambda taken, _, limit: max(0, max(taken) + 1 - min(taken) - limit),
}
