"""What a plan breaks and what it costs, counted from nothing: the judge of every engine, and part of none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from services.scheduling.rules.timetabling.problem import (
    TRAVELLING,
    Meeting,
    Placement,
    Plan,
    Problem,
    Resource,
    ResourceKind,
    Separation,
)
from services.scheduling.rules.timetabling.wish_costs import by_wishes


@dataclass(frozen=True, slots=True)
class Score:
    """Hard violations by kind, weighted soft cost by kind, and how many meetings have no placement."""

    hard: dict[str, int]
    soft: dict[str, int]
    unplaced: int

    @property
    def violations(self) -> int:
        """Return the number of hard violations; what is not placed violates nothing."""
        return sum(self.hard.values())

    @property
    def cost(self) -> int:
        """Return the weighted soft cost."""
        return sum(self.soft.values())


@dataclass(frozen=True, slots=True)
class _Placed:
    index: int
    start: int
    end: int
    room: int | None
    site: int | None
    teacher: int | None


_Days = dict[tuple[int, int], list[_Placed]]


def evaluate(problem: Problem, plan: Plan) -> Score:
    """Return the score of a plan. Raises ValueError when it is not one of this problem."""
    if len(plan.placements) != len(problem.meetings):
        raise ValueError("a plan has one placement per meeting")
    placed = [_placed(problem, i, each) for i, each in enumerate(plan.placements) if each is not None]
    days = _days_of_resources(problem, placed)
    hard: Counter[str] = Counter()
    for kinds in (_misplaced(problem, placed), _room_overlaps(placed), _clashes(problem, days)):
        hard.update(kinds)
    soft: Counter[str] = Counter()
    for costs in (_by_meeting(problem, placed), _by_group(problem, placed), _by_resource(problem, days)):
        for kind, cost in costs:
            soft[kind] += cost
    for kind, cost in by_wishes(problem, plan):
        soft[kind] += cost
    for separation in problem.separations:
        pairs = _too_close(problem, plan, separation)
        if separation.weight is None:
            hard["separation"] += pairs
        else:
            soft["separation"] += pairs * separation.weight
    return Score({k: n for k, n in hard.items() if n}, {k: n for k, n in soft.items() if n}, len(plan.unplaced))


def _placed(problem: Problem, index: int, placement: Placement) -> _Placed:
    end = placement.start + problem.meetings[index].duration
    return _Placed(index, placement.start, end, placement.room, problem.site_of(placement), placement.teacher)


def _days_of_resources(problem: Problem, placed: Iterable[_Placed]) -> _Days:
    days: _Days = defaultdict(list)
    for each in sorted(placed, key=lambda one: one.start):
        for resource in problem.held(each.index, Placement(each.start, each.room, each.teacher)):
            days[resource, problem.day_of(each.start)].append(each)
    return days


def _misplaced(problem: Problem, placed: Iterable[_Placed]) -> Iterator[str]:
    """Yield what each meeting by itself does not allow: where it lies, and what is blocked then."""
    for each in placed:
        meeting = problem.meetings[each.index]
        placement = Placement(each.start, each.room, each.teacher)
        if meeting.fixed is None:
            yield from _no_candidates(meeting, placement)
            yield from _blocked_periods(problem, each, placement)
        elif meeting.fixed != placement:
            yield "fixed"


def _no_candidates(meeting: Meeting, placement: Placement) -> Iterator[str]:
    if placement.start not in meeting.starts:
        yield "start"
    if not _is_candidate(placement.room, meeting.rooms):
        yield "room"
    if not _is_candidate(placement.teacher, meeting.teachers):
        yield "teacher"


def _blocked_periods(problem: Problem, each: _Placed, placement: Placement) -> Iterator[str]:
    periods = range(each.start, each.end)
    if placement.room is not None and not problem.rooms[placement.room].blocked.isdisjoint(periods):
        yield "room_blocked"
    for index in problem.held(each.index, placement):
        if not _blocked(problem.resources[index], each.site).isdisjoint(periods):
            yield "resource_blocked"


def _is_candidate(chosen: int | None, candidates: tuple[int, ...]) -> bool:
    return chosen in candidates if candidates else chosen is None


def _blocked(resource: Resource, site: int | None) -> frozenset[int]:
    return resource.blocked.union(*(periods for at, periods in resource.blocked_at if at == site))


def _room_overlaps(placed: Iterable[_Placed]) -> Iterator[str]:
    taken: set[tuple[int, int]] = set()
    for each in placed:
        for period in range(each.start, each.end) if each.room is not None else ():
            if (each.room or 0, period) in taken:
                yield "room_overlap"
            taken.add((each.room or 0, period))


def _clashes(problem: Problem, days: _Days) -> Iterator[str]:
    """Yield what is wrong between the meetings of one resource, and what is beyond its limits."""
    weeks: Counter[int] = Counter()
    for (index, _), meetings in days.items():
        resource = problem.resources[index]
        for first, second in combinations(meetings, 2):
            if second.start < first.end:
                yield "resource_overlap"
            elif resource.kind in TRAVELLING and second.start - first.end < _travel(problem, first, second):
                yield "travel"
        load = sum(each.end - each.start for each in meetings)
        weeks[index] += load
        if resource.most_a_day is not None and load > resource.most_a_day:
            yield "day_load"
    for index, load in weeks.items():
        most = problem.resources[index].most_a_week
        if most is not None and load > most:
            yield "week_load"


def _travel(problem: Problem, first: _Placed, second: _Placed) -> int:
    if first.site is None or second.site is None:
        return 0
    return problem.travel[first.site][second.site]


def _too_close(problem: Problem, plan: Plan, separation: Separation) -> int:
    days = sorted(
        problem.day_of(placement.start)
        for placement in (plan.placements[index] for index in separation.meetings)
        if placement is not None
    )
    return sum(later - earlier < separation.min_days for earlier, later in combinations(days, 2))


def _by_meeting(problem: Problem, placed: Iterable[_Placed]) -> Iterator[tuple[str, int]]:
    weights = problem.weights
    for each in placed:
        meeting = problem.meetings[each.index]
        if each.room is not None:
            missing = max(0, meeting.size - problem.rooms[each.room].capacity)
            yield "room_capacity", weights.room_capacity * missing
        yield "preferred_times", weights.preferred_times * _cost_of(each.start, meeting.starts, meeting.start_costs)
        yield "usual_room", weights.usual_room * _cost_of(each.room, meeting.rooms, meeting.room_costs)
        yield "style_match", weights.style_match * _cost_of(each.teacher, meeting.teachers, meeting.teacher_costs)


def _cost_of(chosen: int | None, candidates: tuple[int, ...], costs: tuple[int, ...]) -> int:
    return costs[candidates.index(chosen)] if costs and chosen is not None and chosen in candidates else 0


def _by_group(problem: Problem, placed: Iterable[_Placed]) -> Iterator[tuple[str, int]]:
    """Yield the missing days and the further rooms of each group."""
    days: dict[int, set[int]] = defaultdict(set)
    rooms: dict[int, set[int]] = defaultdict(set)
    for each in placed:
        group = problem.meetings[each.index].group
        days[group].add(problem.day_of(each.start))
        if each.room is not None:
            rooms[group].add(each.room)
    for index, group_ in enumerate(problem.groups):
        yield "min_days", problem.weights.min_days * max(0, group_.min_days - len(days[index]))
        yield "room_stability", problem.weights.room_stability * max(0, len(rooms[index]) - 1)


def _by_resource(problem: Problem, days: _Days) -> Iterator[tuple[str, int]]:
    """Yield what is scattered within the days of curricula and people, and load above what is fair."""
    weights = problem.weights
    weeks: Counter[int] = Counter()
    for (index, _), meetings in days.items():
        taken = {period for each in meetings for period in range(each.start, each.end)}
        weeks[index] += sum(each.end - each.start for each in meetings)
        kind = problem.resources[index].kind
        gaps = max(taken) + 1 - min(taken) - len(taken)
        if kind is ResourceKind.CURRICULUM:
            # Neighbours are of the same day: a day's list holds no other.
            lonely = sum(period - 1 not in taken and period + 1 not in taken for period in taken)
            yield "curriculum_compactness", weights.curriculum_compactness * lonely
        elif kind is ResourceKind.TEACHER:
            yield "teacher_compactness", weights.teacher_compactness * gaps
        elif kind is ResourceKind.STUDENT:
            yield "student_compactness", weights.student_compactness * gaps
    for index, load in weeks.items():
        fair = problem.resources[index].fair_load
        if fair is not None:
            yield "load_balance", weights.load_balance * max(0, load - fair)
