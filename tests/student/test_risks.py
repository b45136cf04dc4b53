"""Risks begin at their thresholds, not before, and name the rows that they rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.student.rules import risks
from services.student.rules.overview import Visit
from services.student.rules.risks import Due, Left
from shared.ids import uuid7

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def visits(*marks: tuple[int, bool]) -> list[Visit]:
    """Return attendances so many days ago, each with whether the child came."""
    return [Visit(uuid7(), NOW - timedelta(days=days), present, uuid7()) for days, present in marks]


@pytest.mark.parametrize(
    ("done", "missing", "figure"),
    [(2, 3, 4000), (5, 4, 5556), (3, 2, None), (0, 1, None), (0, 2, 0), (0, 0, None)],
)
def test_homework_is_a_risk_below_sixty_percent_of_two_or_more(done: int, missing: int, figure: int | None) -> None:
    due = [Due(uuid7(), number < done) for number in range(done + missing)]

    found = list(risks.homework(due))

    assert [each.figure for each in found] == ([] if figure is None else [figure])
    assert all(each.row_ids == [one.lesson_id for one in due if not one.done] for each in found)


def test_three_lessons_missed_in_a_row_are_a_risk_and_two_are_not() -> None:
    missed = visits((9, True), (7, False), (5, False), (3, False))

    (found,) = risks.absence(missed, NOW)

    assert (found.kind, found.figure, found.row_ids) == (risks.STREAK, 3, [each.entry_id for each in missed[1:]])
    assert list(risks.absence(missed[:-1], NOW)) == []


def test_attendance_that_fell_by_twenty_points_is_a_risk_when_there_is_enough_of_both() -> None:
    before = [(80 - number, True) for number in range(10)]
    lately = [(20, True), (16, True), (12, True), (8, False), (4, True)]

    (found,) = risks.absence(visits(*before, *lately), NOW)

    assert (found.kind, found.figure, len(found.row_ids)) == (risks.DROP, 2000, 1)
    assert list(risks.absence(visits(*before, *lately[2:]), NOW)) == []
    assert list(risks.absence(visits(*before[:3], *lately), NOW)) == []


@pytest.mark.parametrize(("left", "count"), [(0, 1), (500, 1), (501, 0)])
def test_hours_are_a_risk_from_five_on(left: int, count: int) -> None:
    course, lot = uuid7(), uuid7()

    found = list(risks.hours([Left(course, left, [lot])]))

    assert [(each.course_id, each.row_ids) for each in found] == [(course, [lot])] * count
