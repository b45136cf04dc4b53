"""Dated times against a weekly pattern, and the periods that a week is cut into."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.rules.spans import Span
from services.scheduling.rules.timetabling import people
from services.scheduling.rules.timetabling.dated import as_weekly, pattern_dates
from services.scheduling.rules.timetabling.grid import Grid

MONDAY = date(2031, 3, 3)
FOUR_WEEKS = pattern_dates(MONDAY, MONDAY + timedelta(days=27))
GRID = Grid(30, 480, 25)


def span(day: int, hour: float, hours: float) -> Span:
    start = datetime(2031, 3, 3, tzinfo=UTC) + timedelta(days=day, hours=hour - 8)
    return Span(start, start + timedelta(hours=hours))


def test_what_is_lost_on_most_dates_is_blocked_and_what_is_lost_on_some_is_missing() -> None:
    once = as_weekly([span(0, 9.25, 0.5)], FOUR_WEEKS, "Asia/Shanghai")
    assert (once.blocked, once.missing) == ([], [[1, 555, 15, 1], [1, 570, 15, 1]])
    often = as_weekly([span(day, 9, 0.25) for day in (0, 7, 21)], FOUR_WEEKS, "Asia/Shanghai")
    assert (often.blocked, often.missing) == ([[1, 540, 15]], [])
    # Half of the dates are no pattern lost yet, and what lies outside the dates does not count.
    half = as_weekly([span(day, 9, 0.25) for day in (-7, 0, 7, 28)], FOUR_WEEKS, "Asia/Shanghai")
    assert (half.blocked, half.missing) == ([], [[1, 540, 15, 2]])


def test_a_time_over_midnight_is_cut_by_the_clock_of_the_campus() -> None:
    late = as_weekly([span(0, 23.75, 0.5)], FOUR_WEEKS, "Asia/Shanghai")
    assert late.missing == [[1, 1425, 15, 1], [2, 0, 15, 1]]
    until = as_weekly([span(0, 23, 1)], FOUR_WEEKS, "Asia/Shanghai")
    assert {weekday for weekday, *_ in until.missing} == {1}
    assert as_weekly([span(0, 9, 1)], FOUR_WEEKS, "Asia/Urumqi").missing[0] == [1, 420, 15, 1]


@given(st.sets(st.integers(0, 7 * 25 - 1)))
def test_stretches_cover_the_periods_and_nothing_else_and_none_crosses_a_day(periods: set[int]) -> None:
    stretches = list(GRID.runs(periods))
    assert [period for first, length in stretches for period in range(first, first + length)] == sorted(periods)
    assert all(first // 25 == (first + length - 1) // 25 for first, length in stretches)


def test_the_way_to_what_stands_takes_the_periods_beside_it_at_other_campuses_only() -> None:
    facts = {"campuses": {"a": 0, "b": 0}, "travel": [["a", "b", 40], ["b", "a", 40]]}
    li = {
        "id": "li",
        "campuses": [],
        "ranges": [],
        "taught": [["b", 1, 600, 60], ["", 2, 600, 60]],
        "most_day_minutes": 100,
        "most_week_minutes": None,
    }
    found = people.teacher(facts, GRID, li, frozenset())
    assert found.blocked_at == ((0, frozenset({2, 3, 6, 7})),)
    assert (found.most_a_day, found.most_a_week) == (3, None)
    assert people.travel(facts, GRID) == ((0, 2), (2, 0))
    assert people.teacher(facts, GRID, li | {"campuses": ["b"]}, frozenset()).blocked_at == ((0, GRID.every),)
    assert people.fair_load(7, 3) == 3
