"""The measure by which flows are chosen."""

from __future__ import annotations


def discount_basis_points(gross_fen: int, discount_fen: int) -> int:
    """Return which part of the list price is taken off, in hundredths of a percent, rounded up; 0 of nothing.

    Up, so that a discount which is a trace above a limit does not slip below it.
    """
    return -(-discount_fen * 10_000 // gross_fen) if gross_fen else 0
