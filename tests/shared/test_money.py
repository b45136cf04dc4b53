from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import allocate, negate, release, released, round_half_up

# total, weights, parts; ties go to the earlier party.
OWN_TABLE: list[tuple[int, list[str], list[int]]] = [
    (100, ["1", "1", "1"], [34, 33, 33]),
    (2, ["1", "1", "1"], [1, 1, 0]),
    (1001, ["0", "50", "50"], [0, 501, 500]),
    (5, ["3", "7"], [2, 3]),
    (-5, ["3", "7"], [-2, -3]),
    (1, ["0.33", "0.66"], [0, 1]),
    (44, ["21878", "9713", "4167", "3252", "1065"], [24, 11, 5, 3, 1]),
    (43, ["21878", "9713", "4167", "3252", "1065"], [24, 10, 4, 4, 1]),
    (9_999, ["0.7", "0.2", "0.1"], [6999, 2000, 1000]),
    (0, ["0", "0"], [0, 0]),
]


@pytest.mark.parametrize(("total", "weights", "expected"), OWN_TABLE)
def test_an_allocation_matches_its_vector(total: int, weights: list[str], expected: list[int]) -> None:
    parties = {f"party-{index:03}": Fraction(weight) for index, weight in enumerate(weights)}
    assert list(allocate(total, parties).values()) == expected


def test_100_000_random_splits_are_exact_fair_and_independent_of_order() -> None:
    dice = random.Random(20_260_401)
    wrong_sum = far_off = zero_paid = order_dependent = 0
    for _ in range(100_000):
        parties = [f"p{index}" for index in range(dice.randint(1, 9))]
        weights = {party: dice.choice((0, 1, 1, dice.randint(0, 10_000))) for party in parties}
        whole = sum(weights.values())
        if not whole:
            continue
        total = dice.randint(-1_000_000, 100_000_000)
        parts = allocate(total, weights)
        wrong_sum += sum(parts.values()) != total
        far_off += any(abs(parts[p] * whole - total * weights[p]) >= whole for p in parties)
        zero_paid += any(parts[p] for p in parties if not weights[p])
        dice.shuffle(parties)
        order_dependent += allocate(total, {party: weights[party] for party in parties}) != parts
    assert (wrong_sum, far_off, zero_paid, order_dependent) == (0, 0, 0, 0)


@given(
    st.integers(-(10**15), 10**15),
    st.dictionaries(st.text(max_size=5), st.fractions(min_value=0, max_value=1000), min_size=1, max_size=12),
)
def test_any_fractions_split_exactly_and_a_reversal_is_the_mirror(total: int, weights: dict[str, Fraction]) -> None:
    if not any(weights.values()):
        weights["last"] = Fraction(1)
    parts = allocate(total, dict(weights))
    assert sum(parts.values()) == total
    assert allocate(-total, dict(weights)) == negate(parts)


@given(st.integers(-(10**12), 10**12), st.integers(1, 100_000), st.data())
def test_a_lot_releases_exactly_its_total_in_whatever_steps(total: int, quantity: int, data: st.DataObject) -> None:
    stops = sorted(data.draw(st.lists(st.integers(0, quantity), max_size=20)))
    steps = [0, *stops, quantity]
    amounts = [release(total, quantity, before, after) for before, after in pairwise(steps)]
    assert sum(amounts) == total
    assert release(total, quantity, quantity, 0) == -total
    for used in stops:
        assert abs(released(total, quantity, used) * quantity - total * used) * 2 <= quantity


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),
        (Fraction(3, 2), 2),
        (Fraction(5, 2), 3),
        (Fraction(49, 100), 0),
        (Fraction(-49, 100), 0),
        (7, 7),
        (Fraction(400_000 * 1_000_000 * 100, 950_000 * 113), 372_613),
    ],
)
def test_halves_round_away_from_zero(value: Fraction | int, expected: int) -> None:
    assert round_half_up(value) == expected


def test_wrong_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        allocate(1, {"a": 2, "b": -1})
    with pytest.raises(ValueError, match="no positive weight"):
        allocate(1, {"a": 0})
    with pytest.raises(ValueError, match="no positive weight"):
        allocate(1, {})
    with pytest.raises(ValueError, match="outside the lot"):
        release(100, 10, 0, 11)
