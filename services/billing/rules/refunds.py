"""What a family gets back, line by line.

Supreme People's Court, interpretation on prepaid consumption (2025): where the business ends the contract or is at
fault, consumed hours count at the price that was paid for them (article 18); where the family ends it for reasons of
its own, they may count at the list price (article 19), but never more than was paid (article 20); within seven days
and before the first lesson the principal goes back whole (article 14).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.errors import Refused

CONTRACT_PRICE = "contract_price"
LIST_PRICE = "list_price"
FULL = "full"
COOLING_OFF_DAYS = 7


@dataclass(frozen=True, slots=True)
class Figures:
    """An order as a refund sees it, in fen and hundredths of an hour.

    `closed_fen` left the order through earlier refunds, fees included; `consumed_fen` is what the books released,
    `consumed_list_fen` the same hours at the list price.
    """

    paid_fen: int
    closed_fen: int
    consumed_fen: int
    consumed_list_fen: int
    consumed_hundredths: int
    sign_date: date
    today: date

    @property
    def left_fen(self) -> int:
        """What was paid and neither consumed nor refunded: no refund is above it."""
        return self.paid_fen - self.closed_fen - self.consumed_fen


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One figure with its reason; deductions are negative."""

    kind: str
    amount_fen: int
    explanation: str


def compute(figures: Figures, *, basis: str, fee_fen: int) -> tuple[RefundLine, ...]:
    """Return the lines of a refund; they sum to what the family gets, never below 0 and never above what is left.

    Refuses the full basis outside its seven days, and an order of which nothing is left.
    """
    if figures.left_fen <= 0:
        raise Refused("ORDER_NOT_REFUNDABLE", "nothing is left of this order", left_fen=figures.left_fen)
    if basis == FULL:
        _check_cooling_off(figures)
    consumed, price = _consumed(figures, basis)
    fee = 0 if basis == FULL else fee_fen
    lines = [RefundLine("paid", figures.paid_fen, "received for the order")]
    if figures.closed_fen:
        lines.append(RefundLine("refunded_before", -figures.closed_fen, "closed by earlier refunds"))
    if figures.consumed_hundredths or consumed:
        hours = f"{figures.consumed_hundredths / 100:g} lesson hours at the {price}"
        lines.append(RefundLine("consumed", -consumed, hours))
    if fee:
        lines.append(RefundLine("fee", -fee, "agreed fees"))
    below = sum(line.amount_fen for line in lines)
    if below < 0:
        lines.append(RefundLine("floor", -below, "nothing more is claimed from the family"))
    return tuple(lines)


def total(lines: tuple[RefundLine, ...]) -> int:
    """Return what the family gets."""
    return sum(line.amount_fen for line in lines)


def _consumed(figures: Figures, basis: str) -> tuple[int, str]:
    # Rounding may put the list price a fen below the books; the books bound every refund.
    if basis == LIST_PRICE:
        return max(figures.consumed_list_fen, figures.consumed_fen), "list price"
    return figures.consumed_fen, "contract's price"


def _check_cooling_off(figures: Figures) -> None:
    days = (figures.today - figures.sign_date).days
    if days > COOLING_OFF_DAYS or figures.consumed_hundredths:
        raise Refused(
            "REFUND_BASIS_NOT_OPEN",
            f"a full refund is open for {COOLING_OFF_DAYS} days after signing and before the first lesson",
            days=days,
            consumed_hundredths=figures.consumed_hundredths,
        )
