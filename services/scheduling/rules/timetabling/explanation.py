"""Why a meeting has no place: a smallest set of constraints that together forbid it, none of which is needless.

Constraints are lifted in groups (a teacher's whole availability, all lessons of another class group), because people
decide about those. A conflict that holds wherever the others are put is looked for first; where the engine proves none,
the others count as standing where the plan has them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from services.scheduling.rules.timetabling import construction, repair, sat, spots
from services.scheduling.rules.timetabling.problem import Plan, Problem, ResourceKind
from services.scheduling.rules.timetabling.satmodel import SatModel
from services.scheduling.rules.timetabling.spots import Group

CLASS = "class_group"
_REASONS = {
    spots.TEACHER_UNAVAILABLE: "TIMETABLE_TEACHER_UNAVAILABLE",
    spots.ROOM_UNAVAILABLE: "TIMETABLE_ROOM_UNAVAILABLE",
    spots.RESOURCE_UNAVAILABLE: "TIMETABLE_STUDENT_UNAVAILABLE",
    spots.SEPARATION: "TIMETABLE_SEPARATION",
    spots.TRAVEL: "TIMETABLE_TRAVEL",
    spots.LOAD: "TIMETABLE_LOAD",
    spots.ROOM_BARRED: "TIMETABLE_ROOM_UNSUITABLE",
}
_BARS = {"legal_end": "TIMETABLE_LEGAL_LIMIT", "student_times": "TIMETABLE_STUDENT_UNAVAILABLE"}
_SHARED = {
    ResourceKind.TEACHER: "TIMETABLE_TEACHER_OCCUPIED",
    ResourceKind.STUDENT: "TIMETABLE_STUDENT_OCCUPIED",
    ResourceKind.CURRICULUM: "TIMETABLE_STUDENT_OCCUPIED",
    ResourceKind.CLASS_GROUP: "TIMETABLE_CLASS_GROUP_OCCUPIED",
}
_WIDEST = 80
_TEST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Clash:
    """One constraint in words: a reason code, whom it is about, and the class group whose lessons are in the way."""

    reason: str
    resource_id: str = ""
    other_group_id: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a meeting has no place. `wherever`: it holds wherever the others are put; without, where they stand now.

    No clashes: time ran out. `minimal`: without any one of them there would be a place.
    """

    clashes: tuple[Clash, ...]
    wherever: bool
    minimal: bool


def explain(problem: Problem, plan: Plan, meeting: int, *, seconds: float = 5.0) -> Explanation:
    """Say why a meeting that a plan leaves out has no place."""
    begin = time.monotonic()
    everywhere = _core_set(problem, plan, meeting, begin + seconds / 2)
    if everywhere is not None:
        return _explained(problem, problem, everywhere, meeting, wherever=True, deadline=begin + seconds)
    others = {m for m, placement in enumerate(plan.placements) if placement is not None}
    still = repair.standing(problem, plan, {meeting})
    near = (construction.blockers(problem, plan, meeting) & others) | _linked(problem, meeting, others)
    members = {meeting} | near
    if _fits(still, members, ()):
        return Explanation((), wherever=False, minimal=False)
    return _explained(problem, still, members, meeting, wherever=False, deadline=begin + seconds)


def _core_set(problem: Problem, plan: Plan, meeting: int, deadline: float) -> set[int] | None:
    """Return meetings that cannot all have a place, this one among them, grown by who is in whose way."""
    members, edge = {meeting}, {meeting}
    while time.monotonic() < deadline:
        if not _fits(problem, members, ()):
            return members
        near: set[int] = set()
        for each in edge:
            near |= construction.blockers(problem, plan, each) | _linked(problem, each, range(len(problem.meetings)))
        edge = {m for m in near - members if plan.placements[m] is not None}
        members |= edge
        if not edge or len(members) > _WIDEST:
            return None
    return None


def _linked(problem: Problem, meeting: int, among: Iterable[int]) -> set[int]:
    """Return the other lessons of the same class group."""
    group = problem.meetings[meeting].group
    return {m for m in among if problem.meetings[m].group == group and m != meeting}


def _fits(problem: Problem, members: Collection[int], lifted: Collection[Group]) -> bool:
    """Say whether meetings can all have a place; also when that is not known in time."""
    return sat.solve(SatModel(problem, members, lifted=lifted), _TEST_SECONDS, workers=1) != sat.NONE


def _explained(
    problem: Problem, shown: Problem, members: Collection[int], meeting: int, *, wherever: bool, deadline: float
) -> Explanation:
    """Shrink the constraints of an impossible set until each one is needed."""

    def forbids(groups: Sequence[Group]) -> bool:
        wanted = set(groups)
        out = {name for kind, name in every if kind == CLASS and (kind, name) not in wanted}
        left = [m for m in members if _group_id(problem, m) not in out]
        return not _fits(shown, left, [each for each in every if each not in wanted])

    every = _groups(problem, members, meeting)
    needed, minimal = _shrunk(every, forbids, deadline)
    return Explanation(tuple(_clash(problem, each, meeting) for each in needed), wherever, minimal)


def _shrunk(
    every: Sequence[Group], forbids: Callable[[Sequence[Group]], bool], deadline: float
) -> tuple[list[Group], bool]:
    """Leave out whatever is not needed, in ever smaller pieces; say whether there was time to try each."""
    kept, size = list(every), max(1, len(every) // 2)
    while True:
        start = 0
        while start < len(kept):
            if time.monotonic() > deadline:
                return kept, False
            rest = kept[:start] + kept[start + size :]
            if forbids(rest):
                kept = rest
            else:
                start += size
        if size == 1:
            return kept, True
        size = max(1, size // 2)


def _groups(problem: Problem, members: Collection[int], meeting: int) -> list[Group]:
    """Return all that can be lifted of a set of meetings, what people would rather keep last."""
    found: dict[Group, None] = {}
    mine = _group_id(problem, meeting)
    apart = {m for one in problem.separations if len({*one.meetings} & {*members}) > 1 for m in one.meetings}
    far = any(any(row) for row in problem.travel)
    for m in sorted(members):
        one = problem.meetings[m]
        found |= {(CLASS, _group_id(problem, m)): None} if _group_id(problem, m) != mine else {}
        found |= {(spots.SEPARATION, _group_id(problem, m)): None} if m in apart else {}
        for resource in (*one.holds, *one.teachers):
            who = problem.resources[resource]
            teaches = who.kind is ResourceKind.TEACHER
            kind = spots.TEACHER_UNAVAILABLE if teaches else spots.RESOURCE_UNAVAILABLE
            found |= {(kind, who.id): None} if who.blocked or who.blocked_at else {}
            found |= {(spots.TRAVEL, who.id): None} if teaches and far else {}
            found |= {(spots.LOAD, who.id): None} if who.most_a_day is not None or who.most_a_week is not None else {}
        rooms = (problem.rooms[room] for room in one.rooms)
        found |= {(spots.ROOM_UNAVAILABLE, room.id): None for room in rooms if room.blocked}
        found |= {(spots.BARRED, reason): None for reason, taken in one.barred if taken}
        found |= {(spots.ROOM_BARRED, reason): None for reason, taken in one.rooms_barred if taken}
    return list(found)


def _group_id(problem: Problem, meeting: int) -> str:
    return problem.groups[problem.meetings[meeting].group].id


def _clash(problem: Problem, group: Group, meeting: int) -> Clash:
    kind, name = group
    if kind == CLASS:
        return _in_the_way(problem, name, meeting)
    if kind == spots.BARRED:
        return Clash(_BARS[name])
    about_class = kind == spots.SEPARATION and name != _group_id(problem, meeting)
    if kind in {spots.SEPARATION, spots.ROOM_BARRED}:
        return Clash(_REASONS[kind], other_group_id=name if about_class else "")
    return Clash(_REASONS[kind], name)


def _in_the_way(problem: Problem, other_group: str, meeting: int) -> Clash:
    """Name what a class group takes from a meeting: somebody they share, else the rooms."""
    mine = problem.meetings[meeting]
    for other in problem.meetings:
        if problem.groups[other.group].id == other_group:
            shared = {*mine.holds, *mine.teachers} & {*other.holds, *other.teachers}
            for resource in sorted(shared):
                who = problem.resources[resource]
                return Clash(_SHARED[who.kind], who.id, other_group)
    return Clash("TIMETABLE_ROOM_OCCUPIED", other_group_id=other_group)
