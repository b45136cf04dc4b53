"""The search never breaks a hard constraint, knows what its plan costs, and finds what there is to find."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from services.scheduling.rules.timetabling.annealing import Progress, Settings, improve
from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.portfolio import prepare
from services.scheduling.rules.timetabling.problem import (
    Group,
    Meeting,
    Placement,
    Plan,
    Problem,
    Resource,
    ResourceKind,
    Room,
)
from tests.timetabling.problems import random_problem


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Let one process of the test run compile, not each."""
    prepare()


def line(meetings: int, periods: int, *, teacher: bool = True) -> Problem:
    """Return meetings of one teacher on one day; each may begin at any period."""
    return Problem(
        days=1,
        day_periods=periods,
        groups=tuple(Group(f"g{index}") for index in range(meetings)),
        meetings=tuple(
            Meeting(f"m{index}", index, tuple(range(periods)), rooms=(0,), holds=(0,) if teacher else ())
            for index in range(meetings)
        ),
        rooms=(Room("a"),),
        resources=(Resource("t", ResourceKind.TEACHER),),
    )


@examples(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_no_plan_breaks_a_hard_constraint_and_the_cost_told_is_the_evaluators(drawn: int, seed: int) -> None:
    problem = random_problem(drawn)
    told: list[Progress] = []

    def report(progress: Progress) -> bool:
        told.append(progress)
        return True

    plan = improve(problem, moves=20_000, seed=seed, report=report)
    score = evaluate(problem, plan)
    assert score.hard == {}
    assert (told[-1].cost, told[-1].unplaced) == (score.cost, score.unplaced)
    again = improve(problem, plan, moves=5_000, seed=seed + 1)
    better = evaluate(problem, again)
    assert better.hard == {}
    assert (better.unplaced, better.cost) <= (score.unplaced, score.cost)


def test_the_same_seed_and_moves_give_the_same_plan() -> None:
    problem = random_problem(7)
    assert improve(problem, moves=10_000, seed=3) == improve(problem, moves=10_000, seed=3)
    assert improve(problem, moves=10_000, seed=3) != improve(problem, moves=10_000, seed=4)


def test_a_full_day_is_filled_by_pushing_meetings_aside() -> None:
    problem = line(8, 8)
    narrow = (replace(problem.meetings[0], starts=(3,)), replace(problem.meetings[1], starts=(3, 4)))
    full = replace(problem, meetings=(*narrow, *problem.meetings[2:]))
    assert improve(full, moves=50_000).unplaced == ()
    assert len(improve(line(9, 8), moves=50_000).unplaced) == 1


def test_what_a_plan_places_in_breach_is_taken_off_and_placed_anew() -> None:
    problem = line(2, 2)
    clash = Plan((Placement(0, 0), Placement(0, 0)))
    assert {placement and placement.start for placement in improve(problem, clash, moves=20_000).placements} == {0, 1}


def test_the_only_move_that_helps_an_interlocked_plan_is_found() -> None:
    wishes = replace(
        line(2, 2),
        meetings=tuple(
            replace(meeting, start_costs=costs)
            for meeting, costs in zip(line(2, 2).meetings, ((9, 0), (0, 9)), strict=True)
        ),
    )
    plan = improve(wishes, Plan((Placement(0, 0), Placement(1, 0))), moves=20_000)
    assert evaluate(wishes, plan).cost == 0


def test_fixed_meetings_stay_and_nothing_else_may_take_their_place() -> None:
    problem = line(2, 2)
    fixed = replace(problem, meetings=(replace(problem.meetings[0], fixed=Placement(1, 0)), problem.meetings[1]))
    assert improve(fixed, moves=5_000).placements == (Placement(1, 0), Placement(0, 0))
    settled = replace(fixed, meetings=fixed.meetings[:1])
    assert improve(settled, moves=5_000).placements == (Placement(1, 0),)


def test_a_search_ends_when_its_report_says_so_and_needs_an_end() -> None:
    told: list[Progress] = []

    def report(progress: Progress) -> bool:
        told.append(progress)
        return len(told) < 3

    improve(line(3, 3), moves=10**12, report=report)
    assert len(told) == 3
    with pytest.raises(ValueError, match="seconds or of moves"):
        improve(line(1, 1))


def test_a_meeting_is_placed_however_dear_its_placement_is() -> None:
    dear = replace(line(1, 1), meetings=(replace(line(1, 1).meetings[0], start_costs=(50_000,)),))
    plan = improve(dear, moves=100_000, settings=Settings(chunk=200))
    assert plan.unplaced == ()


def test_coolings_follow_each_other_and_each_ends_cold() -> None:
    settings = Settings(hottest=10.0, coolest=0.1, first=0.5, reheats=2, reheated=1.0)
    rounds = [settings.round_of(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert [number for number, _ in rounds] == [0, 0, 1, 2, 2]
    assert [temperature for _, temperature in rounds] == pytest.approx([10.0, 1.0, 1.0, 1.0, 0.1])
    assert replace(settings, reheats=0).round_of(1.0)[1] == pytest.approx(0.1)
