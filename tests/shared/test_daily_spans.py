"""Stretches of every local day: what falls into one leaves at its end, what does not stays where it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import daily_spans

NOON = datetime(2030, 3, 4, 4, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
minutes = st.integers(0, 1439)


@given(st.integers(-500_000, 500_000), minutes, minutes, st.sampled_from(["Asia/Shanghai", "America/New_York"]))
def test_nothing_stays_in_a_span_and_nothing_waits_longer(later: int, start: int, end: int, zone: str) -> None:
    moment = NOON + timedelta(minutes=later)
    left = daily_spans.leave(moment, ZoneInfo(zone), start_minute=start, end_minute=end)
    again = daily_spans.leave(left, ZoneInfo(zone), start_minute=start, end_minute=end)
    assert again == left
    length = timedelta(minutes=(end - start) % 1440)
    # A clock change makes a span longer by an hour.
    assert timedelta() <= left - moment <= length + timedelta(hours=1) * (length > timedelta())


@pytest.mark.parametrize(
    ("start", "end", "leaves_at"),
    [
        (12 * 60, 13 * 60, 13),
        (12 * 60 + 1, 13 * 60, 12),
        (11 * 60, 12 * 60, 12),
        (13 * 60, 11 * 60, 12),
        (11 * 60, 8 * 60, 32),
        (0, 0, 12),
    ],
)
def test_noon_leaves(start: int, end: int, leaves_at: int) -> None:
    left = daily_spans.leave(NOON, SHANGHAI, start_minute=start, end_minute=end)
    assert left == NOON + timedelta(hours=leaves_at - 12)


def test_an_hour_that_comes_twice_is_left_once_each_time() -> None:
    # On 3 November 2030 in New York 01:00 to 02:00 comes at 05:00 and again at 06:00 in UTC.
    first = datetime(2030, 11, 3, 5, 10, tzinfo=UTC)
    for moment in (first, first + timedelta(hours=1)):
        left = daily_spans.leave(moment, ZoneInfo("America/New_York"), start_minute=60, end_minute=90)
        assert left == moment + timedelta(minutes=20)
