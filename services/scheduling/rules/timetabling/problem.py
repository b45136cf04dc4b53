"""A timetabling problem of one typical week, for every engine, and a plan that answers it.

Everything that is referred to is an index into a tuple of the problem; `id` is what it is called outside.
A week has `days` days of `day_periods` periods; period = day * day_periods + position. No meeting crosses a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from services.scheduling.rules.timetabling.ties import Tie, Wish

LONGEST_DAY = 63  # a day is a set of bits of one machine word


class ResourceKind(StrEnum):
    """What a meeting holds besides its room: nothing of it is in two meetings at once."""

    TEACHER = "teacher"
    STUDENT = "student"
    CLASS_GROUP = "class_group"
    CURRICULUM = "curriculum"


#: Who is a person and needs time to get from one site to another.
TRAVELLING = frozenset({ResourceKind.TEACHER, ResourceKind.STUDENT})
#: Whose day can end with a meeting that should be last.
LEARNING = frozenset({ResourceKind.STUDENT, ResourceKind.CLASS_GROUP})


@dataclass(frozen=True, slots=True)
class Room:
    """A room at a site; periods that are blocked belong to somebody else."""

    id: str
    capacity: int = 0
    site: int = 0
    blocked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Resource:
    """A teacher, a student, a class group or a curriculum, and the periods that it cannot be held in.

    `blocked_at` adds periods that are blocked at one site only: (site, periods). Limits are in periods.
    `fair_load` is the weekly load above which each period counts against load balance.
    """

    id: str
    kind: ResourceKind
    blocked: frozenset[int] = frozenset()
    blocked_at: tuple[tuple[int, frozenset[int]], ...] = ()
    most_a_day: int | None = None
    most_a_week: int | None = None
    fair_load: int | None = None
    # One of a kind at most.
    wishes: tuple[Wish, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Meetings of one class group or course: the days that they should spread over at least."""

    id: str
    min_days: int = 0


@dataclass(frozen=True, slots=True)
class Placement:
    """First period of a meeting, its room and the teacher chosen; None where it needs none."""

    start: int
    room: int | None = None
    teacher: int | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One weekly lesson.

    `rooms` and `teachers` are candidates, exactly one of each is used; empty: none is needed. Teachers are resources.
    `holds` are resources that it holds whoever teaches: students, class group, curricula, co-teachers.
    `starts` are the periods it may begin in as law, opening hours and pattern allow, before anybody's blocked periods.
    A fixed meeting stays as it is, also where starts, candidates or blocked periods would forbid that.
    `start_costs`, `room_costs` and `teacher_costs` go with `starts`, `rooms` and `teachers`; empty: all 0. They count
    against preferred times, usual rooms and style match.
    `barred` and `rooms_barred` say what took starts and rooms away (reason, indices); only explanations read them.
    """

    id: str
    group: int
    starts: tuple[int, ...]
    duration: int = 1
    rooms: tuple[int, ...] = ()
    teachers: tuple[int, ...] = ()
    holds: tuple[int, ...] = ()
    size: int = 0
    fixed: Placement | None = None
    start_costs: tuple[int, ...] = ()
    room_costs: tuple[int, ...] = ()
    teacher_costs: tuple[int, ...] = ()
    barred: tuple[tuple[str, frozenset[int]], ...] = ()
    rooms_barred: tuple[tuple[str, frozenset[int]], ...] = ()
    # None of its students and class groups should have a later meeting on its day.
    last: bool = False


@dataclass(frozen=True, slots=True)
class Separation:
    """Meetings of which any two lie at least so many days apart (1: on different days); weight None: always."""

    meetings: tuple[int, ...]
    min_days: int = 1
    weight: int | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """What one unit against each soft goal costs; 0 switches a goal off."""

    room_capacity: int = 1  # per student without a seat
    min_days: int = 5  # per missing day of a group
    curriculum_compactness: int = 2  # per meeting period of a curriculum without a neighbour on its day
    room_stability: int = 1  # per further room of a group
    preferred_times: int = 1
    teacher_compactness: int = 0  # per empty period between two meetings of a teacher on one day
    student_compactness: int = 0  # the same of a student
    load_balance: int = 0  # per period above a fair load
    style_match: int = 1
    usual_room: int = 1
    last: int = 1  # per resource that has a meeting after one that should be last


@dataclass(frozen=True, slots=True)
class Problem:
    """All that a plan is made of. `travel[a][b]`: whole periods that lie free between a meeting at a and one at b."""

    days: int
    day_periods: int
    groups: tuple[Group, ...]
    meetings: tuple[Meeting, ...]
    rooms: tuple[Room, ...] = ()
    resources: tuple[Resource, ...] = ()
    travel: tuple[tuple[int, ...], ...] = ((0,),)
    separations: tuple[Separation, ...] = ()
    weights: Weights = field(default_factory=Weights)
    name: str = ""
    ties: tuple[Tie, ...] = ()

    @property
    def periods(self) -> int:
        """Return the number of periods of the week."""
        return self.days * self.day_periods

    def day_of(self, period: int) -> int:
        """Return the day of a period."""
        return period // self.day_periods

    def site_of(self, placement: Placement) -> int | None:
        """Return the site of a placement; None without a room."""
        return None if placement.room is None else self.rooms[placement.room].site

    def held(self, meeting: int, placement: Placement) -> tuple[int, ...]:
        """Return every resource that a meeting holds in a placement, its teacher included."""
        holds = self.meetings[meeting].holds
        return holds if placement.teacher is None else (*holds, placement.teacher)


@dataclass(frozen=True, slots=True)
class Plan:
    """A placement per meeting of the problem; None: not placed."""

    placements: tuple[Placement | None, ...]

    @property
    def unplaced(self) -> tuple[int, ...]:
        """Return the meetings without a placement."""
        return tuple(index for index, placement in enumerate(self.placements) if placement is None)


def empty_plan(problem: Problem) -> Plan:
    """Return the plan that places the fixed meetings only."""
    return Plan(tuple(meeting.fixed for meeting in problem.meetings))


def covered(placement: Placement, duration: int) -> range:
    """Return the periods that a placement covers."""
    return range(placement.start, placement.start + duration)


def check_problem(problem: Problem) -> None:
    """Raise ValueError, naming what is odd, unless every index exists and every start stays within its day."""
    if not 1 <= problem.day_periods <= LONGEST_DAY or problem.days < 1:
        raise ValueError(f"a day has 1 to {LONGEST_DAY} periods and a week at least a day")
    sites = len(problem.travel)
    if any(len(row) != sites for row in problem.travel):
        raise ValueError("travel is a square table")
    _within("site", sites, (room.site for room in problem.rooms))
    for resource in problem.resources:
        _within("site", sites, (site for site, _ in resource.blocked_at))
    for separation in problem.separations:
        _within("meeting", len(problem.meetings), separation.meetings)
    for meeting in problem.meetings:
        _check_meeting(problem, meeting)
    _check_wishes(problem)


def _check_wishes(problem: Problem) -> None:
    for resource in problem.resources:
        kinds = [wish.kind for wish in resource.wishes]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"resource {resource.id} has two wishes of a kind")
    for tie in problem.ties:
        _within("meeting", len(problem.meetings), (tie.first, tie.second))
        if tie.first == tie.second or tie.weight < 0:
            raise ValueError(f"a tie of meeting {tie.first} with itself, or of a weight below 0")


def _check_meeting(problem: Problem, meeting: Meeting) -> None:
    _within("group", len(problem.groups), [meeting.group])
    _within("room", len(problem.rooms), meeting.rooms)
    _within("resource", len(problem.resources), (*meeting.holds, *meeting.teachers))
    starts = [*meeting.starts, *([meeting.fixed.start] if meeting.fixed else [])]
    _within("start", problem.periods, starts)
    crossing = [start for start in starts if start % problem.day_periods + meeting.duration > problem.day_periods]
    if meeting.duration < 1 or crossing:
        raise ValueError(f"meeting {meeting.id} crosses the end of its day from {crossing}")
    held = (*meeting.holds, *meeting.teachers)
    if len(set(held)) < len(held):
        raise ValueError(f"meeting {meeting.id} names a resource twice")
    pairs = (
        (meeting.start_costs, meeting.starts),
        (meeting.room_costs, meeting.rooms),
        (meeting.teacher_costs, meeting.teachers),
    )
    if any(costs and len(costs) != len(things) for costs, things in pairs):
        raise ValueError(f"meeting {meeting.id} has costs that do not go with its candidates")


def _within(what: str, count: int, indices: Iterable[int]) -> None:
    wrong = [index for index in indices if not 0 <= index < count]
    if wrong:
        raise ValueError(f"there is no {what} {wrong[0]}")
