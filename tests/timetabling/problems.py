"""Random small problems with everything in them: durations, chosen teachers, sites, limits, fixed meetings."""

from __future__ import annotations

import random
from dataclasses import replace

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
)
from services.scheduling.rules.timetabling.ties import Tie, TieKind, Wish, WishKind

_KINDS = (ResourceKind.STUDENT, ResourceKind.CLASS_GROUP, ResourceKind.CURRICULUM, ResourceKind.TEACHER)
_TEACHERS = 5


def random_problem(seed: int) -> Problem:
    """Return a problem drawn from a seed; some meetings are fixed without clashing with each other."""
    chance = random.Random(seed)
    days, day_periods = chance.randint(2, 4), chance.randint(4, 9)
    periods = range(days * day_periods)
    sites = chance.randint(1, 3)

    def some(share: float) -> frozenset[int]:
        return frozenset(period for period in periods if chance.random() < share)

    def resource(index: int, kind: ResourceKind) -> Resource:
        return Resource(
            f"r{index}",
            kind,
            blocked=some(0.08),
            blocked_at=tuple((site, some(0.1)) for site in range(sites) if chance.random() < 0.2),
            most_a_day=chance.choice([None, None, 4]),
            most_a_week=chance.choice([None, None, 9]),
            fair_load=chance.choice([None, 3]),
            wishes=_wishes(chance) if chance.random() < 0.5 else (),
        )

    kinds = [ResourceKind.TEACHER] * _TEACHERS + [chance.choice(_KINDS) for _ in range(8)]
    rooms = tuple(Room(f"a{i}", chance.randint(5, 30), chance.randrange(sites), some(0.1)) for i in range(4))
    groups = tuple(Group(f"g{i}", chance.randint(0, 3)) for i in range(6))
    meetings = tuple(_meeting(chance, index, days, day_periods, len(kinds)) for index in range(18))
    travel = tuple(tuple(0 if a == b else chance.randint(1, 2) for b in range(sites)) for a in range(sites))
    problem = Problem(
        days,
        day_periods,
        groups,
        meetings,
        rooms,
        tuple(resource(index, kind) for index, kind in enumerate(kinds)),
        travel,
        (Separation((0, 1, 2)), Separation((3, 4), min_days=2, weight=4)),
        Weights(1, 5, 2, 1, 1, 2, 1, 3, 1, 1, last=3),
        ties=tuple(_tie(chance, kind) for kind in (*TieKind, *TieKind)) if chance.random() < 0.8 else (),
    )
    return _with_fixed(problem, chance)


def _meeting(chance: random.Random, index: int, days: int, day_periods: int, resources: int) -> Meeting:
    duration = chance.choice([1, 1, 2, 3])
    starts = [
        day * day_periods + position
        for day in range(days)
        for position in range(day_periods - duration + 1)
        if chance.random() < 0.8
    ]
    rooms = chance.sample(range(4), chance.randint(0, 4))
    teachers = chance.sample(range(_TEACHERS), chance.randint(0, 3))
    holds = chance.sample([each for each in range(resources) if each not in teachers], chance.randint(0, 3))
    return Meeting(
        f"m{index}",
        index % 6,
        tuple(starts),
        duration,
        tuple(rooms),
        tuple(teachers),
        tuple(holds),
        size=chance.randint(1, 30),
        start_costs=tuple(chance.randint(0, 3) for _ in starts) if index % 2 else (),
        room_costs=tuple(chance.randint(0, 3) for _ in rooms) if index % 3 else (),
        teacher_costs=tuple(chance.randint(0, 3) for _ in teachers),
        last=index % 7 == 0,
    )


def _wishes(chance: random.Random) -> tuple[Wish, ...]:
    return tuple(Wish(kind, chance.randint(0, 4), chance.randint(1, 5)) for kind in WishKind if chance.random() < 0.5)


def _tie(chance: random.Random, kind: TieKind) -> Tie:
    first, second = chance.sample(range(18), 2)
    return Tie(first, second, kind, chance.randint(1, 5), chance.randint(1, 2))


def _with_fixed(problem: Problem, chance: random.Random) -> Problem:
    """Fix two meetings, of which the second overrides what it may, if together they break nothing else."""
    meetings = list(problem.meetings)
    placements: list[Placement | None] = [None] * len(meetings)
    for index in (5, 11):
        meeting = meetings[index]
        start = chance.randrange(problem.days) * problem.day_periods
        room = chance.choice(meeting.rooms) if meeting.rooms else None
        placement = Placement(start, room, meeting.teachers[0] if meeting.teachers else None)
        fixed = replace(meeting, fixed=placement)
        kept, meetings[index], placements[index] = meetings[index], fixed, placement
        if evaluate(replace(problem, meetings=tuple(meetings)), Plan(tuple(placements))).violations:
            meetings[index], placements[index] = kept, None
    return replace(problem, meetings=tuple(meetings))
