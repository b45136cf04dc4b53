"""Which lot pays, and that no fen is lost on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules import lots
from services.billing.rules.lots import GIFT, PAID, LotState
from shared.ids import uuid7

TODAY = date(2026, 3, 1)


def lot(**wanted: object) -> LotState:
    facts: dict[str, object] = {
        "id": uuid7(),
        "kind": PAID,
        "quantity_hundredths": 1000,
        "remaining_hundredths": 1000,
        "total_fen": 100000,
        "released_fen": 0,
        "start_date": None,
        "expire_date": None,
        "contract_time": datetime(2026, 1, 1, tzinfo=UTC),
        "order_id": uuid7(),
        "campus_id": uuid7(),
        "advisor_id": None,
        "channel": "",
    }
    return LotState(**(facts | wanted))  # type: ignore[arg-type]


def test_paid_hours_go_before_gifts_then_the_earliest_expiry_then_the_oldest_contract() -> None:
    gift = lot(kind=GIFT, expire_date=date(2026, 3, 2))
    late = lot(expire_date=date(2026, 12, 31))
    old = lot(expire_date=date(2026, 6, 30), contract_time=datetime(2025, 1, 1, tzinfo=UTC))
    young = lot(expire_date=date(2026, 6, 30))
    endless = lot()
    chosen = lots.resolve([gift, endless, late, young, old], 5000, TODAY).charges
    assert [charge.lot for charge in chosen] == [old, young, late, endless, gift]
    assert chosen[0].explanation == "1 of 5: paid, expires 2026-06-30, contract of 2025-01-01"
    assert chosen[3].explanation.startswith("4 of 5: paid, expires never")


@pytest.mark.parametrize(
    ("start", "end", "usable"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (date(2026, 3, 2), None, False),
        (None, date(2026, 2, 28), False),
    ],
)
def test_a_lot_is_valid_from_its_first_to_its_last_day(start: date | None, end: date | None, usable: bool) -> None:  # noqa: FBT001
    assert lots.is_usable(lot(start_date=start, expire_date=end), TODAY) is usable


def test_the_reason_tells_why_nothing_pays() -> None:
    assert lots.resolve([], 100, TODAY).reason == "NO_LOT"
    assert lots.resolve([lot(remaining_hundredths=0)], 100, TODAY).reason == "NO_LOT"
    assert lots.resolve([lot(expire_date=date(2026, 1, 1))], 100, TODAY).reason == "LOT_NOT_VALID"
    short = lots.resolve([lot(remaining_hundredths=99, released_fen=90100)], 100, TODAY)
    assert (short.reason, short.charges, short.remaining_hundredths) == ("LOT_TOO_SMALL", (), 99)


def test_nothing_to_charge_charges_nothing() -> None:
    assert lots.resolve([lot()], 0, TODAY) == lots.Resolution((), 1000)


def test_the_contract_decides_what_gift_hours_are_worth() -> None:
    assert lots.opening_totals(net_fen=600000, hundredths=3000, gift_hundredths=200, policy=lots.ZERO) == (600000, 0)
    assert lots.opening_totals(net_fen=600000, hundredths=3000, gift_hundredths=200, policy=lots.DILUTED) == (
        562500,
        37500,
    )
    assert lots.opening_totals(net_fen=1, hundredths=3000, gift_hundredths=0, policy=lots.DILUTED) == (1, 0)


def test_hours_are_below_each_threshold_that_is_above_them() -> None:
    assert lots.crossed([500, 300], 300) == [500]
    assert lots.crossed([500, 300], 299) == [500, 300]
    assert lots.crossed([300], 300) == []


@given(
    total=st.integers(0, 10**7),
    quantity=st.integers(1, 400),
    steps=st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=60),
)
def test_a_lot_releases_exactly_its_total_whatever_is_taken_back_between(
    total: int, quantity: int, steps: list[tuple[int, bool]]
) -> None:
    state = lot(quantity_hundredths=quantity, remaining_hundredths=quantity, total_fen=total)
    taken: list[tuple[int, int]] = []

    def move(hundredths: int, amount: int) -> LotState:
        return state._replace(
            remaining_hundredths=state.remaining_hundredths - hundredths, released_fen=state.released_fen + amount
        )

    for size, back in [*steps, (quantity, False)]:
        if back and taken:
            hundredths, amount = taken.pop(size % len(taken))
            state = move(-hundredths, -amount)
        elif not back and state.remaining_hundredths:
            hundredths = min(size, state.remaining_hundredths)
            amount = lots.amount_of(state, hundredths)
            assert amount >= 0
            taken.append((hundredths, amount))
            state = move(hundredths, amount)
        assert 0 <= state.released_fen <= total
        assert state.released_fen == sum(amount for _, amount in taken)
    hundredths = state.remaining_hundredths
    if hundredths:
        state = move(hundredths, lots.amount_of(state, hundredths))
    assert (state.remaining_hundredths, state.released_fen) == (0, total)
