"""Repairs: what must move moves, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.scheduling.rules.timetabling.costs import evaluate
from services.scheduling.rules.timetabling.problem import Plan, Problem
from services.scheduling.rules.timetabling.repair import repair
from tests.bench.timetable_chain import DAY_PERIODS, Size, chain, without_teacher

Apart = Callable[..., Any]
SIZE = Size(campuses=3, rooms=12, teachers=30, shared_teachers=6, groups=60, students_of_two=20)
SUNDAY = frozenset(range(6 * DAY_PERIODS, 7 * DAY_PERIODS))


@pytest.fixture(scope="module")
def planted() -> tuple[Problem, Plan]:
    return chain(11, SIZE)


def moved(apart: Apart, problem: Problem, old: Plan) -> set[int]:
    """Repair; return who moved, after a look whether all is well."""
    found = apart(repair, problem, old, seconds=20)
    assert evaluate(problem, found.plan).violations == 0
    assert found.plan.unplaced == ()
    different = {
        n for n, pair in enumerate(zip(old.placements, found.plan.placements, strict=True)) if pair[0] != pair[1]
    }
    assert different == set(found.moved)
    return different


def test_a_plan_that_stands_stays(apart: Apart, planted: tuple[Problem, Plan]) -> None:
    assert moved(apart, *planted) == set()


def test_only_the_lessons_of_the_sick_teacher_change(apart: Apart, planted: tuple[Problem, Plan]) -> None:
    problem, plan = planted
    hers = {n for n, meeting in enumerate(problem.meetings) if 0 in meeting.holds}
    assert hers
    assert moved(apart, without_teacher(problem, 0, SIZE), plan) == hers


def test_what_stood_in_a_lost_room_goes_elsewhere(apart: Apart, planted: tuple[Problem, Plan]) -> None:
    problem, plan = planted
    lost = {n for n, put in enumerate(plan.placements) if put and put.room == 0 and put.start in SUNDAY}
    assert lost
    rooms = (replace(problem.rooms[0], blocked=SUNDAY), *problem.rooms[1:])
    found = moved(apart, replace(problem, rooms=rooms), plan)
    assert lost <= found
    assert len(found) <= 2 * len(lost)
