"""Rates, cost per head and borders of periods."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.insight.rules.funnel import per_head, period, rates
from shared.errors import InvalidInput


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([10, 5, 4], [10000, 5000, 8000]), ([0, 0], [10000, 0]), ([3, 1], [10000, 3333]), ([3, 2], [10000, 6667])],
)
def test_rates_are_shares_of_the_stage_before(counts: list[int], expected: list[int]) -> None:
    assert rates(counts) == expected


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_cost_per_head_is_within_half_a_fen(cost: int, heads: int) -> None:
    each = per_head(cost, heads)
    assert each is not None
    assert abs(each * heads - cost) * 2 <= heads


def test_nobody_costs_nothing_per_head() -> None:
    assert per_head(100, 0) is None


def test_days_follow_the_zone_also_when_its_clock_changes() -> None:
    assert period(date(2026, 3, 1), date(2026, 3, 1), "Asia/Shanghai") == (
        datetime(2026, 2, 28, 16, tzinfo=UTC),
        datetime(2026, 3, 1, 16, tzinfo=UTC),
    )
    begin, end = period(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    assert (end.astimezone(UTC) - begin.astimezone(UTC)).total_seconds() == 23 * 3600


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "DATES_REVERSED"),
        (date(2000, 1, 1), date(2026, 1, 1), "PERIOD_TOO_LONG"),
    ],
)
def test_wrong_periods_are_refused(first: date, last: date, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        period(first, last, "Asia/Shanghai")
    assert refusal.value.reason == reason
