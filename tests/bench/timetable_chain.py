"""Weekly timetables of a chain, drawn from a seed: campuses that share teachers, evenings and weekends.

Each is planted: a plan is drawn first and everybody is available at least where it needs them, so that every class
can be placed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

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
    covered,
)

DAYS = 7
# Half hours from 08:00 to 20:30.
DAY_PERIODS = 25
_EVENING = 17
_TRAVEL = 2
_CAPACITIES = (10, 12, 16, 20, 24, 30)
# Stretches of a day in which somebody is there or not: first and last period, last one excluded.
_WEEKEND = ((0, 8), (8, 17), (17, 25))


@dataclass(frozen=True, slots=True)
class Size:
    """How large a chain is; shares are hundredths."""

    campuses: int = 10
    rooms: int = 60
    teachers: int = 200
    shared_teachers: int = 40
    groups: int = 600
    lessons: int = 2
    students_of_two: int = 300


@dataclass(slots=True)
class _Draft:
    """What is drawn so far; `taken` holds (kind, index, period)."""

    chance: random.Random
    size: Size
    taken: set[tuple[str, int, int]] = field(default_factory=set)
    # Campus of each day that a teacher teaches on: nobody travels in the planted plan.
    at: dict[tuple[int, int], int] = field(default_factory=dict)
    places: list[Placement] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    teachers: list[int] = field(default_factory=list)


def chain(seed: int, size: Size | None = None) -> tuple[Problem, Plan]:
    """Return a problem of this size and a plan that solves it."""
    size = size or Size()
    draft = _Draft(random.Random(seed), size)
    rooms = [Room(f"room {n}", draft.chance.choice(_CAPACITIES), n % size.campuses) for n in range(size.rooms)]
    for group in range(size.groups):
        _plant(draft, group, rooms)
    return _problem(draft, rooms, seed), Plan(tuple(draft.places))


def campuses_of(teacher: int, size: Size) -> tuple[int, ...]:
    """Return where a teacher works: the first ones are shared by two campuses."""
    home = teacher % size.campuses
    return (home, (home + 1) % size.campuses) if teacher < size.shared_teachers else (home,)


def _open(day: int) -> range:
    """Return the periods of a day in which classes are held: evenings, and weekends all day."""
    return range(_EVENING if day < 5 else 0, DAY_PERIODS)


def _plant(draft: _Draft, group: int, rooms: Sequence[Room]) -> None:
    """Give the lessons of a class group their places."""
    campus = group % draft.size.campuses
    staff = [t for t in range(draft.size.teachers) if campus in campuses_of(t, draft.size)]
    staff.sort(key=lambda t: (draft.teachers.count(t), draft.chance.random()))
    length = draft.chance.choice((2, 3, 3, 4))
    for teacher in staff:
        found = _places(draft, campus, teacher, length, rooms)
        if found is not None:
            for placement in found:
                _take(draft, campus, teacher, placement, length)
                draft.lengths.append(length)
            draft.teachers.append(teacher)
            return
    raise AssertionError("the chain is too full to plant a plan; draw another seed")


def _places(draft: _Draft, campus: int, teacher: int, length: int, rooms: Sequence[Room]) -> list[Placement] | None:
    days = list(range(DAYS))
    draft.chance.shuffle(days)
    here = [n for n, room in enumerate(rooms) if room.site == campus]
    found: list[Placement] = []
    for day in days:
        if draft.at.get((teacher, day), campus) != campus:
            continue
        found += islice(_spots(draft, day, teacher, length, here), 1)
        if len(found) == draft.size.lessons:
            return found
    return None


def _spots(draft: _Draft, day: int, teacher: int, length: int, rooms: Sequence[int]) -> Iterator[Placement]:
    starts = [day * DAY_PERIODS + p for p in _open(day)[: 1 - length]]
    draft.chance.shuffle(starts)
    for start in starts:
        for room in draft.chance.sample(rooms, len(rooms)):
            periods = range(start, start + length)
            if all(
                ("room", room, p) not in draft.taken and ("teacher", teacher, p) not in draft.taken for p in periods
            ):
                yield Placement(start, room)


def _take(draft: _Draft, campus: int, teacher: int, placement: Placement, length: int) -> None:
    for period in covered(placement, length):
        draft.taken |= {("room", placement.room or 0, period), ("teacher", teacher, period)}
    draft.at[teacher, placement.start // DAY_PERIODS] = campus
    draft.places.append(placement)


def _problem(draft: _Draft, rooms: Sequence[Room], seed: int) -> Problem:
    size = draft.size
    resources = [_teacher(draft, teacher) for teacher in range(size.teachers)]
    resources += [Resource(f"class {n}", ResourceKind.CLASS_GROUP) for n in range(size.groups)]
    held: list[list[int]] = [[size.teachers + n] for n in range(size.groups)]
    for number, (one, other) in enumerate(_pairs(draft)):
        held[one].append(len(resources))
        held[other].append(len(resources))
        resources.append(Resource(f"student {number}", ResourceKind.STUDENT))
    meetings: list[Meeting] = []
    for group in range(size.groups):
        meetings += _meetings(draft, group, rooms, held[group])
    ways = tuple(tuple(0 if a == b else _TRAVEL for b in range(size.campuses)) for a in range(size.campuses))
    return Problem(
        days=DAYS,
        day_periods=DAY_PERIODS,
        groups=tuple(Group(f"class {n}") for n in range(size.groups)),
        meetings=tuple(meetings),
        rooms=tuple(rooms),
        resources=tuple(resources),
        travel=ways,
        separations=tuple(
            Separation(tuple(range(n * size.lessons, (n + 1) * size.lessons))) for n in range(size.groups)
        ),
        weights=Weights(teacher_compactness=1, load_balance=1),
        name=f"chain {seed}",
    )


def _teacher(draft: _Draft, teacher: int) -> Resource:
    """Return a teacher who is there in some stretches of the week, the planted ones among them."""
    free: set[int] = set()
    for day in range(DAYS):
        for first, last in _WEEKEND if day >= 5 else ((_EVENING, DAY_PERIODS),):
            periods = range(day * DAY_PERIODS + first, day * DAY_PERIODS + last)
            needed = any(("teacher", teacher, p) in draft.taken for p in periods)
            if needed or draft.chance.random() < 0.4:
                free |= set(periods)
    return Resource(
        f"teacher {teacher}", ResourceKind.TEACHER, frozenset(range(DAYS * DAY_PERIODS)) - free, fair_load=24
    )


def _pairs(draft: _Draft) -> Iterator[tuple[int, int]]:
    """Return class groups of one campus that share a student, where the planted plan allows it."""
    size, found = draft.size, 0
    for _ in range(size.students_of_two * 20):
        one = draft.chance.randrange(size.groups)
        other = (one + size.campuses * draft.chance.randrange(1, 6)) % size.groups
        periods = [_covered(draft, group) for group in (one, other)]
        if found < size.students_of_two and one != other and periods[0].isdisjoint(periods[1]):
            found += 1
            yield one, other


def _covered(draft: _Draft, group: int) -> set[int]:
    mine = range(group * draft.size.lessons, (group + 1) * draft.size.lessons)
    return {p for n in mine for p in covered(draft.places[n], draft.lengths[n])}


def _meetings(draft: _Draft, group: int, rooms: Sequence[Room], held: Sequence[int]) -> Iterator[Meeting]:
    lessons, campus = draft.size.lessons, group % draft.size.campuses
    mine = range(group * lessons, (group + 1) * lessons)
    smallest = min(rooms[draft.places[n].room or 0].capacity for n in mine)
    students = draft.chance.randint(4, smallest)
    here = [n for n, room in enumerate(rooms) if room.site == campus]
    large = tuple(n for n in here if rooms[n].capacity >= students)
    length = draft.lengths[mine[0]]
    starts = tuple(day * DAY_PERIODS + p for day in range(DAYS) for p in _open(day)[: 1 - length])
    late = frozenset(day * DAY_PERIODS + DAY_PERIODS - n for day in range(DAYS) for n in range(1, length))
    for number in range(lessons):
        yield Meeting(
            id=f"class {group} lesson {number + 1}",
            group=group,
            starts=starts,
            duration=length,
            rooms=large,
            holds=(*held, draft.teachers[group]),
            size=students,
            start_costs=tuple(int(start % DAY_PERIODS > DAY_PERIODS - 3) for start in starts),
            barred=(("legal_end", late),),
            rooms_barred=(("too_small", frozenset(here) - set(large)),),
        )


def without_teacher(problem: Problem, teacher: int, size: Size) -> Problem:
    """Return the problem with a teacher away for the week: whoever works at the campus may stand in."""
    meetings = []
    for meeting in problem.meetings:
        if teacher in meeting.holds:
            campus = meeting.group % size.campuses
            stand_ins = tuple(t for t in range(size.teachers) if t != teacher and campus in campuses_of(t, size))
            left = tuple(each for each in meeting.holds if each != teacher)
            meeting = replace(meeting, holds=left, teachers=stand_ins)  # noqa: PLW2901 - the same meeting
        meetings.append(meeting)
    return replace(problem, meetings=tuple(meetings))
