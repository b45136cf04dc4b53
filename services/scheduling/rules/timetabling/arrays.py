"""A problem as arrays, for compiled search: lists of lists lie end to end, (first, last) per row in `..._at`.

Costs carry their weights. A cost below 0 means that the choice is forbidden. Days of a resource are bits of one word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scheduling.rules.timetabling.problem import LEARNING, TRAVELLING, Meeting, Problem, Resource, ResourceKind
from services.scheduling.rules.timetabling.ties import TieKind, WishKind

Ints = NDArray[np.int64]
FORBIDDEN = -1
NO_LIMIT = 1 << 40
LEARNS = 2


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
    ties: Ints  # [tie of a meeting: other meeting, kind, 1 where it is the second, amount, weight]; separations too
    ties_at: Ints
    wishes: Ints  # [resource: 1 for some | LEARNS, then limit and weight by kind]; no rows when nobody has any
    last: Ints  # [meeting] 1: should be last; no rows when none should
    last_weight: int
    bulk: Ints  # [meeting]: how much it counts where others are pushed out for it
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
    week: Ints  # [resource, gaps, days, late beginnings], where there are wishes
    last_ends: Ints  # [resource, day] bits: where meetings end that should be last, where there are some


def compile_problem(problem: Problem) -> Facts:
    """Return the arrays of a problem that `check_problem` accepts."""
    meetings, resources, weights = problem.meetings, problem.resources, problem.weights
    starts, starts_at = _lists([_free_starts(problem, meeting) for meeting in meetings])
    rooms, rooms_at = _lists([meeting.rooms or (len(problem.rooms),) for meeting in meetings])
    teachers, teachers_at = _lists([_teachers(meeting) for meeting in meetings])
    holds, holds_at = _lists([meeting.holds for meeting in meetings])
    ties, ties_at = _ties(problem)
    longest = max(map(max, problem.travel))
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
        blocked_at=_blocked_at_sites(problem),
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
        ties=ties,
        ties_at=ties_at,
        wishes=_wishes(problem),
        last=_ints(each.last for each in meetings) if any(each.last for each in meetings) else _ints(()),
        last_weight=weights.last,
        bulk=np.ones(len(meetings), dtype=np.int64),
        limited=int(bool(longest or _has_limits(resources) or problem.separations)),
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
            table[index, room] = weights.room_capacity * missing + weights.usual_room * costs.get(room, 0)
        if not meeting.rooms or (meeting.fixed is not None and meeting.fixed.room is None):
            table[index, -1] = 0
    return table


def _has_limits(resources: Iterable[Resource]) -> bool:
    return any(each.most_a_day is not None or each.most_a_week is not None or each.blocked_at for each in resources)


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


def _ties(problem: Problem) -> tuple[Ints, Ints]:
    """Return (other, kind, 1 for the second, amount, weight) of each meeting's ties; a hard weight is FORBIDDEN."""
    rows: list[list[tuple[int, ...]]] = [[] for _ in problem.meetings]
    for separation in problem.separations:
        weight = FORBIDDEN if separation.weight is None else separation.weight
        for index in separation.meetings:
            others = (other for other in separation.meetings if other != index)
            rows[index] += [(other, TieKind.APART, 0, separation.min_days, weight) for other in others]
    for tie in problem.ties:
        rows[tie.first].append((tie.second, tie.kind, 0, tie.amount, tie.weight))
        rows[tie.second].append((tie.first, tie.kind, 1, tie.amount, tie.weight))
    flat = [each for row in rows for each in row]
    return np.array(flat, dtype=np.int64).reshape(-1, 5), _ends(len(row) for row in rows)


def _wishes(problem: Problem) -> Ints:
    ordinary = not any(each.last for each in problem.meetings)
    if ordinary and not any(resource.wishes for resource in problem.resources):
        return np.zeros((0, 0), dtype=np.int64)
    table = np.zeros((len(problem.resources), 1 + 2 * len(WishKind)), dtype=np.int64)
    for index, resource in enumerate(problem.resources):
        table[index, 0] = int(bool(resource.wishes)) | LEARNS * int(resource.kind in LEARNING)
        for wish in resource.wishes:
            table[index, 1 + 2 * wish.kind : 3 + 2 * wish.kind] = wish.limit, wish.weight
    return table
