"""How much of a price belongs to a part of what it buys."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.proration import Cycles, after_last_cycle, before_first_cycle, cycles, prorate

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("price_fen", "left", "lessons", "due_fen"),
    [
        (480_000, 36, 48, 360_000),
        (100, 1, 3, 33),
        (100, 2, 3, 67),
        (1, 1, 2, 1),
        (100, 0, 3, 0),
        (99_999, 48, 48, 99_999),
        (0, 1, 3, 0),
    ],
)
def test_a_late_joiner_pays_for_the_lessons_that_are_left(
    price_fen: int, left: int, lessons: int, due_fen: int
) -> None:
    assert prorate(price_fen, left, lessons) == (due_fen, price_fen - due_fen)


@pytest.mark.parametrize(("part", "whole"), [(-1, 3), (4, 3), (0, 0), (1, -1)])
def test_what_is_no_part_is_refused(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="no part of"):
        prorate(100, part, whole)


@given(st.integers(0, 10**12), st.integers(1, 10_000), st.data())
def test_a_part_is_within_half_a_fen_and_both_parts_are_the_price(price: int, whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    due, rest = prorate(price, part, whole)
    assert due + rest == price
    assert abs(Fraction(due) - Fraction(price * part, whole)) <= Fraction(1, 2)
    assert due <= prorate(price, min(whole, part + 1), whole).due_fen


# Start, end, target day, cycle day, months of a cycle, and the legs: figures of Kill Bill's published tests.
LEGS = [
    (("2011-01-31", "2011-03-10", "2011-04-21"), 7, 1, ("7/31", 1, "3/31")),
    (("2011-02-07", "2011-03-10", "2011-04-21"), 7, 1, (0, 1, "3/31")),
    (("2011-02-14", None, "2011-03-01"), 31, 1, ("14/31", 1, 0)),
    (("2012-02-01", "2012-02-15", "2012-02-19"), 1, 1, (0, 0, "14/29")),
    (("2011-01-31", "2011-05-10", "2011-05-21"), 7, 3, ("66/90", 0, "33/91")),
    (("2011-02-14", None, "2011-03-01"), 31, 3, ("14/92", 1, 0)),
    (("2011-01-01", "2011-08-27", "2011-06-26"), 15, 3, ("14/92", 2, 0)),
    (("2011-01-31", None, "2011-02-24"), 15, 12, ("349/365", 0, 0)),
    (("2010-12-15", None, "2012-01-13"), 4, 12, ("354/365", 1, 0)),
    (("2011-01-01", "2012-01-27", "2012-03-07"), 15, 12, ("14/365", 1, "12/366")),
    (("2011-01-31", None, "2012-01-31"), 31, 1, (0, 13, 0)),
    (("2011-01-31", None, "2012-01-30"), 31, 1, (0, 12, 0)),
]


@pytest.mark.parametrize(("days", "cycle_day", "months", "legs"), LEGS)
def test_cycles_are_counted_as_published(
    days: tuple[str, str | None, str], cycle_day: int, months: int, legs: tuple[str | int, int, str | int]
) -> None:
    start, end, target = (date.fromisoformat(day) if day else None for day in days)
    assert start is not None
    assert target is not None
    found = cycles(start, end, target=target, cycle_day=cycle_day, months=months)
    leading, whole, trailing = legs
    assert found == Cycles(Fraction(leading), whole, Fraction(trailing))


def test_what_ends_before_a_cycle_begins_pays_for_its_days_alone() -> None:
    found = cycles(date(2026, 2, 3), date(2026, 2, 10), target=date(2026, 9, 1), cycle_day=15)
    assert found == Cycles(Fraction(7, 31), 0, Fraction(0))
    with pytest.raises(ValueError, match="is not after"):
        cycles(date(2026, 2, 3), date(2026, 2, 3), target=date(2026, 9, 1), cycle_day=15)


@given(DAYS, st.integers(1, 31), st.sampled_from([1, 3, 6, 12]), st.integers(0, 800), st.integers(1, 800))
def test_more_days_never_cost_less_and_what_is_due_covers_the_days(
    start: date, cycle_day: int, months: int, target: int, length: int
) -> None:
    def due(days: int | None, by: int) -> Fraction:
        end = None if days is None else start + timedelta(days=days)
        return cycles(start, end, target=start + timedelta(days=by), cycle_day=cycle_day, months=months).total

    assert due(None, target) <= due(None, target + 1)
    assert due(length, target) <= due(length + 1, target)
    assert due(length, length) >= Fraction(length, 31 * months)


@pytest.mark.parametrize(
    ("start", "end", "actual", "of_thirty"),
    [
        (date(2023, 5, 23), date(2023, 6, 15), "23/31", "22/30"),
        (date(2023, 6, 23), date(2023, 7, 15), "22/30", "22/30"),
        (date(2023, 2, 23), date(2023, 3, 15), "20/28", "22/30"),
        (date(2024, 2, 23), date(2024, 3, 15), "21/29", "22/30"),
    ],
)
def test_days_are_counted_as_they_are_or_in_months_of_thirty(
    start: date, end: date, actual: str, of_thirty: str
) -> None:
    for part in (before_first_cycle, after_last_cycle):
        assert part(start, end) == Fraction(actual)
        assert part(start, end, month_days=30) == Fraction(of_thirty)


def test_a_part_may_be_longer_than_a_cycle() -> None:
    assert after_last_cycle(date(2012, 3, 2), date(2012, 6, 2)) == Fraction(92, 31)
