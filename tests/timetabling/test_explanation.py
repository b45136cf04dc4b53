"""Why a meeting has no place: sets that forbid it, and of which nothing is needless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from services.scheduling.rules.timetabling.explanation import explain
from services.scheduling.rules.timetabling.feasibility import first_plan
from services.scheduling.rules.timetabling.problem import (
    Group,
    Meeting,
    Placement,
    Plan,
    Problem,
    Resource,
    ResourceKind,
    Room,
    Separation,
)

TEACHER = ResourceKind.TEACHER
Apart = Callable[..., Any]


def week(*meetings: Meeting, **changes: object) -> Problem:
    """Two days of four periods."""
    groups = tuple(Group(f"class {n}") for n in range(1 + max(m.group for m in meetings)))
    return replace(Problem(days=2, day_periods=4, groups=groups, meetings=meetings), **changes)  # type: ignore[arg-type]


def lesson(group: int, starts: tuple[int, ...] = tuple(range(8)), **changes: object) -> Meeting:
    return replace(Meeting(f"{group}", group, starts), **changes)  # type: ignore[arg-type]


def reasons(apart: Apart, problem: Problem) -> dict[int, list[tuple[str, str, str]]]:
    """Plan, and explain what is left out."""
    found = apart(first_plan, problem, seconds=5)
    told = {m: apart(explain, problem, found.plan, m) for m in found.plan.unplaced}
    assert found.proven
    assert all(each.minimal for each in told.values())
    return {m: [(c.reason, c.resource_id, c.other_group_id) for c in each.clashes] for m, each in told.items()}


def test_a_teacher_who_is_hardly_there_and_the_class_that_has_the_hour(apart: Apart) -> None:
    li = Resource("li", TEACHER, frozenset(range(1, 8)))
    found = reasons(apart, week(lesson(0, holds=(0,)), lesson(1, holds=(0,)), resources=(li,)))
    ((left, clashes),) = found.items()
    other = f"class {1 - left}"
    assert sorted(clashes) == [
        ("TIMETABLE_TEACHER_OCCUPIED", "li", other),
        ("TIMETABLE_TEACHER_UNAVAILABLE", "li", ""),
    ]


def test_a_class_that_no_room_holds(apart: Apart) -> None:
    small = (Room("small", 4),)
    big = lesson(0, rooms=(), rooms_barred=(("too_small", frozenset({0})),))
    assert reasons(apart, week(big, rooms=small)) == {0: [("TIMETABLE_ROOM_UNSUITABLE", "", "")]}


def test_the_legal_end_with_a_teacher_who_comes_late(apart: Apart) -> None:
    late = Resource("li", TEACHER, frozenset({0, 1, 2, 4, 5, 6}))
    evening = (("legal_end", frozenset({3, 7})),)
    found = reasons(apart, week(lesson(0, (0, 1, 2, 4, 5, 6), holds=(0,), barred=evening), resources=(late,)))
    assert sorted(found[0]) == [("TIMETABLE_LEGAL_LIMIT", "", ""), ("TIMETABLE_TEACHER_UNAVAILABLE", "li", "")]


def test_two_lessons_of_a_class_that_may_not_be_on_one_day(apart: Apart) -> None:
    monday = Resource("li", TEACHER, frozenset(range(4, 8)))
    days = (Separation((0, 1)),)
    found = reasons(apart, week(lesson(0, holds=(0,)), lesson(0, holds=(0,)), resources=(monday,), separations=days))
    ((_, clashes),) = found.items()
    assert sorted(clashes) == [("TIMETABLE_SEPARATION", "", ""), ("TIMETABLE_TEACHER_UNAVAILABLE", "li", "")]


def test_what_has_nothing_to_do_with_it_is_not_named(apart: Apart) -> None:
    """Forty classes and six rooms around the two that clash."""
    rooms = tuple(Room(f"room {n}", 10) for n in range(6))
    crowd = [lesson(n, rooms=tuple(range(6)), holds=(n,)) for n in range(2, 42)]
    hardly = Resource("li", TEACHER, frozenset(range(1, 8)))
    people = (hardly, *(Resource(f"t{n}", TEACHER) for n in range(1, 42)))
    pair = [lesson(n, rooms=tuple(range(6)), holds=(0,)) for n in range(2)]
    found = reasons(apart, week(*pair, *crowd, rooms=rooms, resources=people))
    ((left, clashes),) = found.items()
    assert left in {0, 1}
    assert {reason for reason, _, _ in clashes} == {"TIMETABLE_TEACHER_OCCUPIED", "TIMETABLE_TEACHER_UNAVAILABLE"}


def test_rooms_that_fixed_lessons_hold(apart: Apart) -> None:
    fixed = [lesson(n, (n,), rooms=(0,), fixed=Placement(n, 0)) for n in range(8)]
    problem = week(*fixed, lesson(8, rooms=(0,)), rooms=(Room("only", 10),))
    plan = Plan((*(each.fixed for each in fixed), None))
    told = apart(explain, problem, plan, 8)
    assert told.minimal
    assert {clash.reason for clash in told.clashes} == {"TIMETABLE_ROOM_OCCUPIED"}
    assert {clash.other_group_id for clash in told.clashes} == {f"class {n}" for n in range(8)}
