"""Instalments in figures: sums are exact, months end where they end, money opens hours and never more."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.instalments import Part, Share, check, grow, schedule
from shared.errors import InvalidInput, Refused

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("total", "count", "amounts"),
    [
        (100, 3, [34, 33, 33]),
        (200, 3, [67, 67, 66]),
        (1_000_000, 3, [333_334, 333_333, 333_333]),
        (300, 3, [100] * 3),
        (7, 1, [7]),
    ],
)
def test_equal_parts_give_the_odd_fen_to_the_first(total: int, count: int, amounts: list[int]) -> None:
    parts = schedule(total, count=count, first_date=DAY, months_between=1)
    assert [part.amount_fen for part in parts] == amounts


def test_the_31st_is_the_last_day_of_shorter_months_and_comes_back() -> None:
    parts = schedule(400, count=4, first_date=DAY, months_between=1)
    assert [part.due_date for part in parts] == [DAY, date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert schedule(200, count=2, first_date=date(2025, 11, 30), months_between=3)[1].due_date == date(2026, 2, 28)


def test_a_plan_ends_before_the_calendar_does() -> None:
    with pytest.raises(InvalidInput):
        schedule(400, count=36, first_date=date(9999, 1, 1), months_between=12)
    assert len(schedule(400, count=36, first_date=date(9963, 12, 31), months_between=12)) == 36


@given(total=st.integers(1, 10**9), count=st.integers(1, 36))
def test_parts_sum_to_the_total(total: int, count: int) -> None:
    if total < count:
        with pytest.raises(Refused, match="at least one fen"):
            schedule(total, count=count, first_date=DAY, months_between=1)
        return
    parts = schedule(total, count=count, first_date=DAY, months_between=1)
    assert sum(part.amount_fen for part in parts) == total
    assert max(part.amount_fen for part in parts) - min(part.amount_fen for part in parts) <= 1


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([Part(DAY, 99)], "INSTALMENT_SUM_WRONG"),
        ([Part(DAY, 50), Part(date(2026, 2, 1), 51)], "INSTALMENT_SUM_WRONG"),
        ([Part(DAY, 0), Part(date(2026, 2, 1), 100)], "INSTALMENT_TOO_SMALL"),
    ],
)
def test_parts_that_do_not_add_up_are_refused_with_the_figures(parts: list[Part], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        check(100, parts, today=DAY)
    assert refused.value.reason == reason
    assert refused.value.info["total_fen"] == "100"


@pytest.mark.parametrize(
    "parts", [[], [Part(date(2026, 1, 30), 100)], [Part(DAY, 50), Part(DAY, 50)], [Part(DAY, 1)] * 37]
)
def test_days_ascend_from_today(parts: list[Part]) -> None:
    with pytest.raises(InvalidInput):
        check(100, parts, today=DAY)


@given(
    lots=st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 10**7)), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 10**7), max_size=8),
    used=st.lists(st.integers(0, 100), min_size=8, max_size=9),
)
def test_hours_and_value_follow_the_money_and_the_last_fen_opens_all(
    lots: list[tuple[int, int]], cuts: list[int], used: list[int]
) -> None:
    total = sum(fen for _, fen in lots)
    open_now = {UUID(int=index + 1): [0, 0, 0] for index in range(len(lots))}
    for paid, percent in zip([*sorted(cut for cut in cuts if 0 < cut < total), total], used, strict=False):
        shares = [
            Share(key, quantity, fen, *open_now[key]) for key, (quantity, fen) in zip(open_now, lots, strict=True)
        ]
        for growth in grow(shares, paid_fen=paid, total_fen=total):
            assert min(growth.hundredths, growth.fen) >= 0
            state = open_now[growth.lot_id]
            state[0] += growth.hundredths
            state[1] += growth.fen
            state[2] += growth.hundredths
            assert state[2] > 0, "a lot that is used up must not get value"
        assert sum(state[1] for state in open_now.values()) <= paid
        for state, (quantity, _) in zip(open_now.values(), lots, strict=True):
            assert state[0] == (quantity * paid // total if total else 0)
            state[2] -= state[2] * percent // 100
        if paid == total and total:
            assert [tuple(state[:2]) for state in open_now.values()] == lots
