"""How far teachers have come: 1 to 9, in a subject or in one course."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.errors import InvalidInput

LOWEST, HIGHEST = 1, 9


@dataclass(frozen=True, slots=True)
class Level:
    """A teacher's level in a subject, or in a course when one is given."""

    subject: str
    course_id: UUID | None
    level: int


def check_levels(levels: Sequence[Level]) -> None:
    """Raise InvalidInput for a level out of its range, of nothing or of two things, and for what is named twice."""
    for number, each in enumerate(levels):
        if not LOWEST <= each.level <= HIGHEST:
            raise InvalidInput(f"levels[{number}].level", f"must lie between {LOWEST} and {HIGHEST}")
        if bool(each.subject) == bool(each.course_id):
            raise InvalidInput(f"levels[{number}]", "name a subject or a course")
    if len({(each.subject, each.course_id) for each in levels}) != len(levels):
        raise InvalidInput("levels", "name each subject and course once")


def level_for(levels: Iterable[Level], *, course_id: UUID, subject: str) -> int:
    """Return a teacher's level for a course: that of the course itself, else of its subject, else 0."""
    of_subject = 0
    for each in levels:
        if each.course_id == course_id:
            return each.level
        if each.course_id is None and each.subject == subject:
            of_subject = each.level
    return of_subject
