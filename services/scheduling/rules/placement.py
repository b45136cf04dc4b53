"""Which class group suits which new student: level and timetable must fit, times, style and balance decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

TIMES, STYLE, BALANCE = 50, 15, 35


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly stretch of local time: ISO weekday, and minutes of the day."""

    weekday: int
    start_minute: int
    end_minute: int

    def holds(self, other: Window) -> bool:
        """Say whether the other one lies inside."""
        return (
            self.weekday == other.weekday
            and self.start_minute <= other.start_minute
            and other.end_minute <= self.end_minute
        )


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A student to be placed; without windows every time is as good."""

    student_id: UUID
    level: str
    windows: Sequence[Window] = ()
    # Styles of teaching that suit the student; none: all do.
    styles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A class group with free places, and the weekly times of its lessons."""

    class_group_id: UUID
    level: str
    capacity: int
    free: int
    times: Sequence[Window]
    # Students whose own timetable collides with its lessons.
    colliding: frozenset[UUID] = frozenset()
    # Students who have not had a course that its course builds on.
    unprepared: frozenset[UUID] = frozenset()
    # How its teacher teaches.
    styles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that a student could join: 0 to 100, and the codes of what speaks for it."""

    class_group_id: UUID
    score: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The group proposed for a student and the others by score; without any, the code of why not."""

    student_id: UUID
    class_group_id: UUID | None
    candidates: tuple[Candidate, ...] = field(default=())
    obstacle: str = ""


def propose(newcomers: Sequence[Newcomer], groups: Sequence[Group]) -> list[Proposal]:
    """Propose one group per student, in the order given: who comes first chooses first, no place goes twice."""
    free = {group.class_group_id: group.free for group in groups}
    made = []
    for newcomer in newcomers:
        proposal = _propose(newcomer, groups, free)
        if proposal.class_group_id is not None:
            free[proposal.class_group_id] -= 1
        made.append(proposal)
    return made


def _propose(newcomer: Newcomer, groups: Sequence[Group], free: Mapping[UUID, int]) -> Proposal:
    of_level = [group for group in groups if not newcomer.level or group.level == newcomer.level]
    prepared = [group for group in of_level if newcomer.student_id not in group.unprepared]
    open_ones = [group for group in prepared if free[group.class_group_id] > 0]
    fitting = [group for group in open_ones if newcomer.student_id not in group.colliding]
    if not fitting:
        steps = ((of_level, "NO_GROUP_OF_LEVEL"), (prepared, "PREREQUISITE_MISSING"), (open_ones, "GROUPS_FULL"))
        obstacle = next((code for left, code in steps if not left), "TIMETABLE_COLLIDES")
        return Proposal(newcomer.student_id, None, (), obstacle)
    rated = [_rate(newcomer, group, free[group.class_group_id]) for group in fitting]
    ranked = sorted(rated, key=lambda each: (-each.score, each.class_group_id))
    return Proposal(newcomer.student_id, ranked[0].class_group_id, tuple(ranked))


def _rate(newcomer: Newcomer, group: Group, free: int) -> Candidate:
    inside = sum(any(window.holds(time) for window in newcomer.windows) for time in group.times)
    asked = bool(newcomer.windows and group.times)
    share = inside / len(group.times) if asked else 1.0
    reasons = ["LEVEL_FITS"] if newcomer.level else []
    if asked and inside:
        reasons.append("TIMES_FIT" if inside == len(group.times) else "TIMES_FIT_PARTLY")
    met = sum(style in group.styles for style in newcomer.styles)
    if met:
        reasons.append("STYLE_FITS")
    suits = met / len(newcomer.styles) if newcomer.styles else 1.0
    if 2 * free >= group.capacity:
        reasons.append("HALF_EMPTY")
    score = round(TIMES * share + STYLE * suits + BALANCE * free / group.capacity)
    return Candidate(group.class_group_id, score, tuple(reasons))
