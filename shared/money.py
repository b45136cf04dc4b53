"""Exact integer money: splitting an amount among parties, and releasing a lot's amount as it is used up.

Amounts are integer fen. Nothing here uses floats. A correction never computes an allocation again: it negates the
rows that were stored (`negate`), because a second computation may move a fen to another party (the Alabama paradox).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import TypeVar

Key = TypeVar("Key")
# The one currency of the journal; documents say it so that a second one can come.
CURRENCY = "CNY"


def round_half_up(value: Fraction | int) -> int:
    """Round to the nearest integer, halves away from zero, so that a negative amount mirrors its positive."""
    exact = Fraction(value)
    sign = -1 if exact < 0 else 1
    return sign * ((abs(exact.numerator) * 2 + exact.denominator) // (exact.denominator * 2))


def allocate(total_fen: int, weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Split an amount in proportion to weights by largest remainder; the parts sum to it exactly.

    Each part is less than 1 fen off the exact share, and a party of weight 0 gets 0. Equal remainders go to the
    smaller party id, so the order of `weights` never matters. A negative amount is the negated split of the positive
    one. Keys of the answer are in the order of `weights`.
    Raises ValueError for a negative weight, and when an amount other than 0 meets no positive weight.
    """
    shares = _as_integers(weights)
    whole = sum(shares.values())
    if not whole:
        if total_fen:
            raise ValueError("there is no positive weight to carry the amount")
        return dict.fromkeys(weights, 0)
    if total_fen < 0:
        return negate(allocate(-total_fen, weights))
    parts, remainders = {}, {}
    for party, share in shares.items():
        parts[party], remainders[party] = divmod(total_fen * share, whole)
    left = total_fen - sum(parts.values())
    for party in sorted(shares, key=lambda each: (-remainders[each], each))[:left]:
        parts[party] += 1
    return parts


def negate(rows: Mapping[Key, int]) -> dict[Key, int]:
    """Return the exact reversal of stored rows: the only way to take a split back."""
    return {key: -amount for key, amount in rows.items()}


def released(total_fen: int, quantity: int, used: int) -> int:
    """Return how much of a lot's amount is released once `used` of its `quantity` units are gone."""
    if not 0 <= used <= quantity or quantity == 0:
        raise ValueError(f"used {used} is outside the lot of {quantity}")
    return round_half_up(Fraction(total_fen * used, quantity))


def release(total_fen: int, quantity: int, before: int, after: int) -> int:
    """Return the amount released by going from `before` to `after` used units of a lot; negative when units return.

    Each step is the difference of two rounded cumulative amounts, so steps of any size add up to the total, the last
    one takes the remainder, and giving units back returns exactly what taking them released.
    Units are whatever the lot counts in (hundredths of an hour). Raises ValueError outside 0..quantity.
    """
    return released(total_fen, quantity, after) - released(total_fen, quantity, before)


def _as_integers(weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Scale all weights by their common denominator; integers divide much faster than fractions."""
    scale = lcm(*(weight.denominator for weight in weights.values()))
    shares = {party: weight.numerator * (scale // weight.denominator) for party, weight in weights.items()}
    if any(share < 0 for share in shares.values()):
        raise ValueError("a weight is negative")
    return shares
