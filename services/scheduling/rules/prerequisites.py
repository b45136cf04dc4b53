"""Whether a student has had the courses that another one builds on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Had:
    """What a student has had of a course: class groups until they finished, and lesson hours attended."""

    finished_groups: int
    attended_hundredths: int
    total_hundredths: int


def missing(required: Sequence[UUID], had: Mapping[UUID, Had]) -> list[UUID]:
    """Return the required courses that a student has not had, in order.

    A course was had to the end of a class group, or with as many lesson hours as it has; one without an end with any.
    """
    return [course_id for course_id in required if course_id not in had or not _is_had(had[course_id])]


def _is_had(had: Had) -> bool:
    return had.finished_groups > 0 or had.attended_hundredths >= max(had.total_hundredths, 1)
