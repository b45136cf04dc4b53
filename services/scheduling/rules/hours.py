"""What statistics of lesson hours may be asked for, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from shared.errors import InvalidInput

# Days that may be asked for at once: the more lessons a day has, the fewer.
MOST_DAYS_OF_ONE = 400
MOST_DAYS_OF_CAMPUS = 100
MOST_DAYS = 31
DIMENSIONS = ("student", "class_group", "teacher", "campus", "course")
PERIODS = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class Asked:
    """Both days are included; an empty dimension or period is all together."""

    first: date
    last: date
    dimension: str = ""
    period: str = ""
    campus_id: UUID | None = None
    course_id: UUID | None = None
    teacher_id: UUID | None = None
    class_group_id: UUID | None = None
    student_id: UUID | None = None

    @property
    def is_by_student(self) -> bool:
        """Say whether the hours are those of students one by one, so that a lesson has no place of its own."""
        return self.dimension == "student" or self.student_id is not None


class Figures(NamedTuple):
    """Sums in hundredths of a lesson hour; the first three of students, the others once per lesson."""

    planned: int
    taught: int
    consumed: int
    planned_lesson: int
    taught_lesson: int
    lessons: int


def check(asked: Asked) -> None:
    """Raise InvalidInput PERIOD_INVALID for a period that is too long, or ends before it begins."""
    if asked.teacher_id or asked.class_group_id or asked.student_id:
        most = MOST_DAYS_OF_ONE
    else:
        most = MOST_DAYS_OF_CAMPUS if asked.campus_id else MOST_DAYS
    if not 0 <= (asked.last - asked.first).days < most:
        raise InvalidInput("end_date", f"ask for 1 to {most} days", "PERIOD_INVALID")
