"""Who could stand in for a teacher: what forbids it, what speaks for it, and in which order to ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.rules.levels import HIGHEST

# What each reason can add to the score; 100 together.
USUAL, LEVEL, WAY, LOAD, GROUP, STUDENTS, STYLE = 20, 15, 10, 15, 20, 10, 10
# From here on more is no better.
MOST_WAY_MINUTES, MOST_LEFT_MINUTES, MOST_LESSONS = 120, 600, 10


@dataclass(frozen=True, slots=True)
class Reason:
    """The code of a sentence with its figures: so many, of so many where that means something."""

    code: str
    number: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a teacher beside the lesson in question."""

    teacher_id: UUID
    # What forbids it: code and limit.
    obstacles: Sequence[tuple[str, str]] = ()
    # The lesson lies in the weekly times that the teacher has named.
    is_usual: bool = True
    level: int = 0
    needed_level: int = 0
    # The longest way from or to another campus on that day.
    way_minutes: int = 0
    # What the week still takes beside this lesson; None: not limited.
    left_minutes: int | None = None
    # Lessons that the teacher has given to these class groups, and how many of the students they have taught.
    group_lessons: int = 0
    known_students: int = 0
    students: int = 0
    # How many wishes of students for a style are there, and how many the teacher meets.
    wished_styles: int = 0
    met_styles: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A teacher with a score of 0 to 100 and its reasons; who is forbidden has 0 and the obstacles."""

    teacher_id: UUID
    score: int
    reasons: tuple[Reason, ...]
    obstacles: tuple[tuple[str, str], ...]


def rank(candidates: Iterable[Facts]) -> list[Ranked]:
    """Return teachers, best first; those who cannot come last. Equals stand by id, so that the order is the same."""
    ranked = [_ranked(each) for each in candidates]
    return sorted(ranked, key=lambda each: (bool(each.obstacles), -each.score, each.teacher_id))


def _ranked(facts: Facts) -> Ranked:
    if facts.obstacles:
        return Ranked(facts.teacher_id, 0, (), tuple(facts.obstacles))
    return Ranked(facts.teacher_id, _score(facts), tuple(_reasons(facts)), ())


def _score(facts: Facts) -> int:
    left = MOST_LEFT_MINUTES if facts.left_minutes is None else facts.left_minutes
    parts = (
        (USUAL, float(facts.is_usual)),
        (LEVEL, facts.level / HIGHEST),
        (WAY, 1 - _share(facts.way_minutes, MOST_WAY_MINUTES)),
        (LOAD, _share(left, MOST_LEFT_MINUTES)),
        (GROUP, _share(facts.group_lessons, MOST_LESSONS)),
        (STUDENTS, _share(facts.known_students, facts.students)),
        (STYLE, _share(facts.met_styles, facts.wished_styles)),
    )
    return round(sum(weight * share for weight, share in parts))


def _share(number: int, most: int) -> float:
    return min(max(number, 0), most) / most if most else 0.0


def _reasons(facts: Facts) -> Iterator[Reason]:
    yield Reason("SUBSTITUTE_TEACHES_COURSE")
    yield Reason("SUBSTITUTE_AVAILABLE" if facts.is_usual else "SUBSTITUTE_BEYOND_HOURS")
    if facts.level:
        yield Reason("SUBSTITUTE_LEVEL", facts.level, facts.needed_level)
    if facts.way_minutes:
        yield Reason("SUBSTITUTE_WAY", facts.way_minutes)
    if facts.left_minutes is not None:
        yield Reason("SUBSTITUTE_LOAD_LEFT", facts.left_minutes)
    if facts.group_lessons:
        yield Reason("SUBSTITUTE_KNOWS_GROUP", facts.group_lessons)
    if facts.known_students:
        yield Reason("SUBSTITUTE_KNOWS_STUDENTS", facts.known_students, facts.students)
    if facts.met_styles:
        yield Reason("SUBSTITUTE_STYLE_FITS", facts.met_styles, facts.wished_styles)
