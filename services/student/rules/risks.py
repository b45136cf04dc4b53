"""What makes it likely that a child is lost, each with the rows that say so (AI-02). Pure; shares in basis points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.student.rules.overview import Visit, attendance, share

HOMEWORK, DROP, STREAK, HOURS = "homework", "attendance_drop", "absence_streak", "hours_low"


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a kind of risk begins: at which figure, over how many days, and from how many rows on."""

    limit: int
    days: int = 0
    fewest: int = 1


# Homework done of what was due in two weeks; how far attendance of a month lies below the two months before; lessons
# missed in a row; hundredths of an hour that are left of a course whose class the child is in.
THRESHOLDS: Mapping[str, Threshold] = {
    HOMEWORK: Threshold(6_000, days=14, fewest=2),
    DROP: Threshold(2_000, days=30, fewest=4),
    STREAK: Threshold(3),
    HOURS: Threshold(500),
}


@dataclass(frozen=True, slots=True)
class Due:
    """Homework that was due, by its lesson."""

    lesson_id: UUID
    done: bool


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a course whose class a child is in, and the lots that hold it."""

    course_id: UUID
    hundredths: int
    lot_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Risk:
    """A figure beyond its limit; `row_ids` are the lessons, entries of the timeline or lots that it is made of."""

    kind: str
    figure: int
    limit: int
    row_ids: Sequence[UUID]
    course_id: UUID | None = None


def homework(due: Sequence[Due]) -> Iterator[Risk]:
    """Yield the risk of homework that is not done, from what was due of late."""
    bar = THRESHOLDS[HOMEWORK]
    rate = share(sum(each.done for each in due), len(due))
    if rate is not None and rate < bar.limit and len(due) >= bar.fewest:
        yield Risk(HOMEWORK, rate, bar.limit, [each.lesson_id for each in due if not each.done])


def absence(visited: Sequence[Visit], now: datetime) -> Iterator[Risk]:
    """Yield the risks of lessons in order that were missed: in a row, or more of them than before."""
    streak, bar = attendance(visited).absence_streak, THRESHOLDS[STREAK]
    if streak >= bar.limit:
        yield Risk(STREAK, streak, bar.limit, [each.entry_id for each in visited[-streak:]])
    bar = THRESHOLDS[DROP]
    since = now - timedelta(days=bar.days)
    before = [each for each in visited if each.start_time < since]
    lately = visited[len(before) :]
    rates = [attendance(part).rate_basis_points for part in (before, lately) if len(part) >= bar.fewest]
    match rates:
        case [int(early), int(late)] if early - late >= bar.limit:
            yield Risk(DROP, early - late, bar.limit, [each.entry_id for each in lately if not each.present])


def hours(left: Sequence[Left]) -> Iterator[Risk]:
    """Yield the courses of a child's classes whose hours run out."""
    bar = THRESHOLDS[HOURS]
    for each in left:
        if each.hundredths <= bar.limit:
            yield Risk(HOURS, each.hundredths, bar.limit, each.lot_ids, each.course_id)
