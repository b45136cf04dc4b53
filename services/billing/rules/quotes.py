"""What a quote line costs; the same inputs always give the same totals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from shared.errors import InvalidInput
from shared.money import round_half_up

HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class LineTotals:
    """Amounts of one line in fen."""

    gross_fen: int
    net_fen: int


def line_totals(index: int, *, hundredths: int, unit_price_fen: int, discount_fen: int) -> LineTotals:
    """Multiply and round half up; `index` is the place of the line, for the refusal of a discount above the gross."""
    gross = hours_value(hundredths, unit_price_fen)
    if discount_fen > gross:
        raise InvalidInput(
            f"quote.lines[{index}].discount_fen",
            f"the discount of {discount_fen} fen is above the gross of {gross} fen",
            reason="QUOTE_DISCOUNT_TOO_HIGH",
            discount_fen=discount_fen,
            gross_fen=gross,
        )
    return LineTotals(gross, gross - discount_fen)


def hours_value(hundredths: int, unit_price_fen: int) -> int:
    """Return what hundredths of an hour cost at a price per hour."""
    return round_half_up(Fraction(hundredths * unit_price_fen, HUNDREDTHS))
