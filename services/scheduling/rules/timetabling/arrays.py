"""A problem as arrays, for compiled search: lists of lists lie end to end, (first, last) per row in `..._at`.

Costs carry their weights. A cost below 0 means that the choice is forbidden. Days of a resource are bits of one word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scheduling.rules.timetabling.problem import TRAVELLING, Meeting, Problem, Resource, ResourceKind

Ints = NDArray[np.int64]
FORBIDDEN = -1
NO_LIMIT = 1 << 40


class Facts(NamedTuple):
    """What never changes during a search."""

    day_periods: int
    duration: Ints
    group: Ints
    fixed: Ints
    movable: Ints  # meetings that are not fixed
    starts: Ints
    starts_at: Ints
    start_cost: Ints  # [meeting, period]
    rooms: Ints
    rooms_at: Ints
    room_cost: Ints  # [meeting, room]; the last column is "no room"
    teachers: Ints  # -1: no teacher is chosen
    teachers_at: Ints
    teacher_cost: Ints  # as teachers
    holds: Ints
    holds_at: Ints
    resources: int  # rows of rooms follow those of resources
    blocked: Ints  # [resource or room, day] bits; of what is held always, starts say so already
    blocked_at: Ints  # [resource, site, day] bits; no rows when nobody has any
    lonely_weight: Ints  # by resource, as all that follow
    gap_weight: Ints
    most_a_day: Ints
    most_a_week: Ints
    fair_load: Ints
    travels: Ints
    load_weight: int
    site: Ints  # by room; the last is "no room"
    travel: Ints  # [site, site]
    longest_travel: int
    min_days: Ints  # by group
    min_days_weight: int
    stability_weight: int
    apart: Ints  # the other meeting of each separated pair
    apart_days: Ints
    apart_weight: Ints
    apart_at: Ints
    limited: int  # 1 where anything but overlaps binds: travel, limits, separations, blocks by site


class State(NamedTuple):
    """Where everything is during a search; start -1: not placed."""

    start: Ints
    room: Ints
    choice: Ints  # index into facts.teachers
    taken: Ints  # [resource, day] bits
    holder: NDArray[np.int32]  # [resource or room, period] meeting or -1
    load: Ints
    group_days: Ints  # [group, day] meetings
    group_day_count: Ints
    group_rooms: Ints  # [group, room] meetings
    group_room_count: Ints


def compile_problem(problem: Problem) -> Facts:
    """Return the arrays of a problem that `check_problem` accepts."""
    meetings, resources, weights = problem.meetings, problem.resources, problem.weights
    starts, starts_at = _lists([_free_starts(problem, meeting) for meeting in meetings])
    rooms, rooms_at = _lists([meeting.rooms or (len(problem.rooms),) for meeting in meetings])
    teachers, teachers_at = _lists([_teachers(meeting) for meeting in meetings])
    holds, holds_at = _lists([meeting.holds for meeting in meetings])
    apart, apart_at = _separations(problem)
    at_sites = _blocked_at_sites(problem)
    longest = max(max(row) for row in problem.travel)
    return Facts(
        day_periods=problem.day_periods,
        duration=_ints(meeting.duration for meeting in meetings),
        group=_ints(meeting.group for meeting in meetings),
        fixed=_ints(meeting.fixed is not None for meeting in meetings),
        movable=_ints(index for index, meeting in enumerate(meetings) if meeting.fixed is None),
        starts=starts,
        starts_at=starts_at,
        start_cost=_start_costs(problem),
        rooms=rooms,
        rooms_at=rooms_at,
        room_cost=_room_costs(problem),
        teachers=teachers,
        teachers_at=teachers_at,
        teacher_cost=_ints(cost * weights.style_match for meeting in meetings for cost in _teacher_costs(meeting)),
        holds=holds,
        holds_at=holds_at,
        resources=len(resources),
        blocked=_bits(problem, [each.blocked for each in resources] + [each.blocked for each in problem.rooms]),
        blocked_at=at_sites,
        lonely_weight=_ints(_lonely_weight(problem, each) for each in resources),
        gap_weight=_ints(_gap_weight(problem, each) for each in resources),
        most_a_day=_ints(NO_LIMIT if each.most_a_day is None else each.most_a_day for each in resources),
        most_a_week=_ints(NO_LIMIT if each.most_a_week is None else each.most_a_week for each in resources),
        fair_load=_ints(NO_LIMIT if each.fair_load is None else each.fair_load for each in resources),
        travels=_ints(longest > 0 and each.kind in TRAVELLING for each in resources),
        load_weight=weights.load_balance,
        site=_ints([*(room.site for room in problem.rooms), -1]),
        travel=np.array(problem.travel, dtype=np.int64),
        longest_travel=longest,
        min_days=_ints(group.min_days for group in problem.groups),
        min_days_weight=weights.min_days,
        stability_weight=weights.room_stability,
        apart=_ints(other for other, _, _ in apart),
        apart_days=_ints(days for _, days, _ in apart),
        apart_weight=_ints(weight for _, _, weight in apart),
        apart_at=apart_at,
        limited=int(bool(longest or _has_limits(resources) or apart or at_sites.size)),
    )


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _ends(lengths: Iterable[int]) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(_ints(lengths))])


def _lists(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    return _ints(value for row in rows for value in row), _ends(len(row) for row in rows)


def _teachers(meeting: Meeting) -> tuple[int, ...]:
    if meeting.fixed is not None:
        return (-1 if meeting.fixed.teacher is None else meeting.fixed.teacher,)
    return meeting.teachers or (-1,)


def _teacher_costs(meeting: Meeting) -> list[int]:
    costs = dict(zip(meeting.teachers, meeting.teacher_costs, strict=False))
    return [costs.get(teacher, 0) for teacher in _teachers(meeting)]


def _free_starts(problem: Problem, meeting: Meeting) -> list[int]:
    """Return the starts at which nothing that the meeting always holds is blocked."""
    blocked = frozenset[int]().union(*(problem.resources[index].blocked for index in meeting.holds))
    return [each for each in meeting.starts if blocked.isdisjoint(range(each, each + meeting.duration))]


def _start_costs(problem: Problem) -> Ints:
    table = np.full((len(problem.meetings), problem.periods), FORBIDDEN, dtype=np.int64)
    for index, meeting in enumerate(problem.meetings):
        costs = dict(zip(meeting.starts, meeting.start_costs or (0,) * len(meeting.starts), strict=True))
        for start in _free_starts(problem, meeting):
            table[index, start] = problem.weights.preferred_times * costs[start]
        if meeting.fixed is not None:
            table[index, meeting.fixed.start] = problem.weights.preferred_times * costs.get(meeting.fixed.start, 0)
    return table


def _room_costs(problem: Problem) -> Ints:
    weights = problem.weights
    table = np.full((len(problem.meetings), len(problem.rooms) + 1), FORBIDDEN, dtype=np.int64)
    for index, meeting in enumerate(problem.meetings):
        costs = dict(zip(meeting.rooms, meeting.room_costs or (0,) * len(meeting.rooms), strict=True))
        fixed = [meeting.fixed.room] if meeting.fixed is not None and meeting.fixed.room is not None else []
        for room in [*meeting.rooms, *fixed]:
            missing = max(0, meeting.size - problem.rooms[room].capacity)
            table[index, room] = weights.room_capacity * missing + weights.student_travel * costs.get(room, 0)
        if not meeting.rooms or (meeting.fixed is not None and meeting.fixed.room is None):
            table[index, -1] = 0
    return table


def _has_limits(resources: Iterable[Resource]) -> bool:
    return any(each.most_a_day is not None or each.most_a_week is not None for each in resources)


def _lonely_weight(problem: Problem, resource: Resource) -> int:
    return problem.weights.curriculum_compactness if resource.kind is ResourceKind.CURRICULUM else 0


def _gap_weight(problem: Problem, resource: Resource) -> int:
    weights = problem.weights
    by_kind = {
        ResourceKind.TEACHER: weights.teacher_compactness,
        ResourceKind.STUDENT: weights.student_compactness,
    }
    return by_kind.get(resource.kind, 0)


def _bits(problem: Problem, sets: Sequence[Iterable[int]]) -> Ints:
    table = np.zeros((len(sets), problem.days), dtype=np.int64)
    for index, periods in enumerate(sets):
        for period in periods:
            table[index, period // problem.day_periods] |= 1 << (period % problem.day_periods)
    return table


def _blocked_at_sites(problem: Problem) -> Ints:
    if not any(resource.blocked_at for resource in problem.resources):
        return np.zeros((0, 0, 0), dtype=np.int64)
    sites = range(len(problem.travel))
    rows = []
    for resource in problem.resources:
        by_site: dict[int, set[int]] = defaultdict(set)
        for site, periods in resource.blocked_at:
            by_site[site] |= periods
        rows.append(_bits(problem, [by_site[site] for site in sites]))
    return np.stack(rows)


def _separations(problem: Problem) -> tuple[list[tuple[int, int, int]], Ints]:
    """Return (other meeting, days, weight) of each meeting's separations; the weight of a hard one is FORBIDDEN."""
    rows: list[list[tuple[int, int, int]]] = [[] for _ in problem.meetings]
    for separation in problem.separations:
        weight = FORBIDDEN if separation.weight is None else separation.weight
        for index in separation.meetings:
            rows[index] += [(other, separation.min_days, weight) for other in separation.meetings if other != index]
    return [each for row in rows for each in row], _ends(len(row) for row in rows)
