"""A problem is consistent, and its evaluator sees everything that a plan breaks or costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scheduling.rules.timetabling.costs import evaluate
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
    Weights,
    check_problem,
    empty_plan,
)

# Two days of four periods; teachers 0 and 1, a student 2, a curriculum 3; rooms 0 and 1 are an hour apart.
TEACHER = Resource("t", ResourceKind.TEACHER, blocked=frozenset({7}), most_a_day=3, most_a_week=4, fair_load=2)
OTHER = Resource("u", ResourceKind.TEACHER, blocked_at=((1, frozenset({0})),))
STARTS = (0, 1, 2, 3, 4, 5, 6, 7)
MEETING = Meeting("m", group=0, starts=STARTS, rooms=(0, 1), teachers=(0, 1), holds=(2, 3), size=12)
PROBLEM = Problem(
    days=2,
    day_periods=4,
    groups=(Group("g", min_days=2),),
    meetings=(MEETING, replace(MEETING, id="n")),
    rooms=(Room("a", capacity=10), Room("b", capacity=20, site=1, blocked=frozenset({6}))),
    resources=(TEACHER, OTHER, Resource("s", ResourceKind.STUDENT), Resource("c", ResourceKind.CURRICULUM)),
    travel=((0, 2), (2, 0)),
    weights=Weights(teacher_compactness=3, student_compactness=4, load_balance=7),
)


def plan(*placements: tuple[int, int | None, int | None] | None) -> Plan:
    return Plan(tuple(each and Placement(*each) for each in placements))


def hard(problem: Problem, *placements: tuple[int, int | None, int | None] | None) -> dict[str, int]:
    return evaluate(problem, plan(*placements)).hard


def with_meeting(**changes: object) -> Problem:
    return replace(PROBLEM, meetings=(replace(MEETING, **changes), PROBLEM.meetings[1]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("placements", "kinds"),
    [
        ([(0, 0, 0), (4, 0, 1)], {}),
        ([(0, 0, 0), None], {}),
        ([(0, 0, 0), (0, 0, 1)], {"room_overlap": 1, "resource_overlap": 2}),  # student and curriculum
        ([(0, 0, 0), (0, 1, 0)], {"resource_overlap": 3}),
        ([(0, 0, 0), (2, 1, 1)], {"travel": 1}),  # one free period, the student needs two
        ([(0, 0, 0), (3, 1, 1)], {}),
        ([(7, 0, 0), None], {"resource_blocked": 1}),
        ([(0, 1, 1), None], {"resource_blocked": 1}),
        ([(0, 0, 1), None], {}),
        ([(6, 1, 1), None], {"room_blocked": 1}),
        ([(0, None, None), None], {"room": 1, "teacher": 1}),
    ],
)
def test_each_hard_violation_is_counted(
    placements: list[tuple[int, int | None, int | None] | None], kinds: dict[str, int]
) -> None:
    assert hard(PROBLEM, *placements) == kinds


def test_starts_loads_and_separations_bind() -> None:
    assert hard(with_meeting(starts=(1,)), (0, 0, 1), None) == {"start": 1}
    assert hard(with_meeting(duration=2), (0, 0, 0), (2, 0, 0)) == {}
    assert hard(with_meeting(duration=3), (0, 0, 0), (3, 0, 0)) == {"day_load": 1}
    assert hard(with_meeting(duration=4, starts=(0, 4)), (0, 0, 0), (4, 0, 0)) == {"day_load": 1, "week_load": 1}
    apart = replace(PROBLEM, separations=(Separation((0, 1)),))
    assert hard(apart, (0, 0, 0), (1, 0, 0)) == {"separation": 1}
    assert hard(apart, (0, 0, 0), (4, 0, 0)) == {}
    soft = replace(PROBLEM, separations=(Separation((0, 1), min_days=2, weight=9),))
    assert evaluate(soft, plan((0, 0, 0), (4, 0, 0))).soft["separation"] == 9


def test_a_fixed_meeting_keeps_what_a_person_decided() -> None:
    problem = with_meeting(fixed=Placement(7, 0, 0), starts=())
    assert empty_plan(problem).unplaced == (1,)
    assert hard(problem, (7, 0, 0), None) == {}
    assert hard(problem, (6, 0, 0), None) == {"fixed": 1}
    assert hard(problem, (7, 0, 0), (7, 1, 1)) == {"resource_overlap": 2}


def test_each_soft_goal_is_counted_with_its_weight() -> None:
    score = evaluate(PROBLEM, plan((0, 0, 0), (3, 1, 0)))
    assert score.soft == {
        "room_capacity": 2,
        "min_days": 5,
        "curriculum_compactness": 4,
        "room_stability": 1,
        "teacher_compactness": 6,
        "student_compactness": 8,
    }
    assert score.cost == 26
    wishes = with_meeting(start_costs=(5, *[0] * 7), room_costs=(0, 6), teacher_costs=(2, 0), duration=2)
    assert evaluate(wishes, plan((0, 1, 0), (4, 0, 0))).soft == {
        "preferred_times": 5,
        "usual_room": 6,
        "style_match": 2,
        "room_capacity": 2,
        "room_stability": 1,
        "curriculum_compactness": 2,
        "load_balance": 7,
    }


def test_the_last_period_of_a_day_is_no_neighbour_of_the_first_of_the_next() -> None:
    assert evaluate(PROBLEM, plan((3, 0, 0), (4, 0, 0))).soft["curriculum_compactness"] == 4


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (replace(PROBLEM, day_periods=64), "1 to 63 periods"),
        (replace(PROBLEM, travel=((0, 1),)), "square"),
        (replace(PROBLEM, travel=((0,),)), "no site 1"),
        (replace(PROBLEM, separations=(Separation((0, 9)),)), "no meeting 9"),
        (with_meeting(rooms=(2,)), "no room 2"),
        (with_meeting(holds=(4,)), "no resource 4"),
        (with_meeting(starts=(8,)), "no start 8"),
        (with_meeting(holds=(0,)), "names a resource twice"),
        (with_meeting(group=1), "no group 1"),
        (with_meeting(duration=2), "crosses the end of its day from \\[3, 7\\]"),
        (with_meeting(start_costs=(1,)), "costs"),
    ],
)
def test_an_inconsistent_problem_is_refused(problem: Problem, words: str) -> None:
    check_problem(PROBLEM)
    with pytest.raises(ValueError, match=words):
        check_problem(problem)


def test_a_plan_of_another_problem_is_refused() -> None:
    with pytest.raises(ValueError, match="one placement per meeting"):
        evaluate(PROBLEM, Plan(()))
