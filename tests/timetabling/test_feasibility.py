"""First plans: without a conflict, complete where that can be, as full as possible otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from services.scheduling.rules.timetabling.costs import evaluate
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
    check_problem,
)
from tests.bench.timetable_chain import Size, chain

SMALL = Size(campuses=3, rooms=9, teachers=24, shared_teachers=6, groups=60, students_of_two=20)
Apart = Callable[..., Any]


def at_once() -> bool:
    return True


@pytest.mark.parametrize("seed", [1, 2])
def test_every_class_of_a_planted_chain_gets_its_place(apart: Apart, seed: int) -> None:
    problem, planted = chain(seed, SMALL)
    check_problem(problem)
    assert evaluate(problem, planted).violations == 0
    found = apart(first_plan, problem, seconds=20)
    assert found.proven
    assert (evaluate(problem, found.plan).violations, found.plan.unplaced) == (0, ())


def test_the_same_seed_gives_the_same_chain() -> None:
    assert chain(7, SMALL) == chain(7, SMALL)


def drawn(seed: int) -> Problem:
    """Return a crowded little problem with every kind of constraint, more than fits."""
    chance = random.Random(seed)
    rooms = tuple(Room(f"r{n}", 10, n, frozenset(chance.sample(range(8), 2))) for n in range(2))
    people = tuple(
        Resource(
            f"t{n}",
            ResourceKind.TEACHER,
            frozenset(chance.sample(range(8), 2)),
            blocked_at=((n % 2, frozenset(chance.sample(range(8), 2))),),
            most_a_day=3,
            most_a_week=5,
        )
        for n in range(3)
    )
    meetings = []
    for number in range(5):
        length = chance.choice((1, 2))
        starts = tuple(day * 4 + p for day, p in product(range(2), range(5 - length)))
        sure, some = chance.sample(range(3), 1), tuple(chance.sample(range(3), 2))
        picked = (tuple(sure), ()) if chance.random() < 0.5 else ((), some)
        meetings.append(
            Meeting(f"m{number}", number // 2, starts, length, rooms=(0, 1), holds=picked[0], teachers=picked[1])
        )
    apart = (Separation((0, 1)), Separation((2, 3)))
    groups = tuple(Group(f"g{n}") for n in range(3))
    return Problem(2, 4, groups, tuple(meetings), rooms, people, ((0, 1), (1, 0)), apart)


def most(problem: Problem) -> int:
    """Return how many meetings any plan places, by trying them all."""
    best = 0

    def try_from(index: int, placements: list[Placement | None]) -> None:
        nonlocal best
        placed = sum(each is not None for each in placements)
        if placed + len(problem.meetings) - index <= best:
            return
        if index == len(problem.meetings):
            best = placed
            return
        one = problem.meetings[index]
        for start, room, teacher in product(one.starts, one.rooms, one.teachers or (None,)):
            after = [*placements, Placement(start, room, teacher)]
            rest = (None,) * (len(problem.meetings) - index - 1)
            if evaluate(problem, Plan((*after, *rest))).violations == 0:
                try_from(index + 1, after)
        try_from(index + 1, [*placements, None])

    try_from(0, [])
    return best


@pytest.mark.parametrize("seed", range(4))
def test_nothing_places_more_than_what_was_proven(apart: Apart, seed: int) -> None:
    problem = drawn(seed)
    check_problem(problem)
    found = apart(first_plan, problem, seconds=10)
    assert evaluate(problem, found.plan).violations == 0
    assert found.placed == most(problem) or not found.proven


def test_a_fixed_meeting_stays_even_where_it_would_not_be_put(apart: Apart) -> None:
    problem, planted = chain(3, SMALL)
    first = planted.placements[0]
    assert first is not None
    meetings = (replace(problem.meetings[0], fixed=first, starts=()), *problem.meetings[1:])
    found = apart(first_plan, replace(problem, meetings=meetings), seconds=20)
    assert found.plan.placements[0] == first
    assert not found.plan.unplaced


def test_a_search_stops_when_it_is_told_to(apart: Apart) -> None:
    problem, _ = chain(4, SMALL)
    found = apart(first_plan, problem, seconds=60, cancelled=at_once)
    assert not found.proven
    assert evaluate(problem, found.plan).violations == 0
