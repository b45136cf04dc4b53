"""What a family gets back, line by line.

Supreme People's Court, interpretation on prepaid consumption (2025): where the institution is at fault or both end the
contract, consumed hours count at the price that was paid for them (article 18); where the family ends it for reasons
of its own, they may count at the list price (article 19), but never more than was paid (article 20); within seven
days the principal goes back whole (article 14). Commissions of staff are no cost to deduct (article 15). Both the law
and the contract are computed; the family gets the better one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from uuid import UUID

from services.billing.rules.proration import prorate
from services.billing.rules.quotes import hours_value
from services.billing.rules.refund_rules import (
    CONTRACT,
    FULL,
    LAW,
    LIST_PRICE,
    AgreedTerms,
    CauseTerms,
    RefundRule,
    terms_by_contract,
)
from shared.errors import Refused
from shared.money import allocate, round_half_up


@dataclass(frozen=True, slots=True)
class LineFigures:
    """A line of an order as a refund sees it, in fen and hundredths of an hour.

    `before_fen` went back or was kept as fees by earlier refunds, `moved_fen` left by transfer, expiry or forfeit.
    `consumed_fen` is what the books released; `left_fen` is what they still hold and bounds every refund.
    Given hours are `gift_left_hundredths`: never money, they end with the hours that go back.
    """

    line_id: UUID
    number: int
    paid_fen: int
    consumed_fen: int
    consumed_hundredths: int
    list_price_fen: int
    left_fen: int
    remaining_hundredths: int = 0
    gift_left_hundredths: int = 0
    before_fen: int = 0
    moved_fen: int = 0
    # Hours that go back; all of them where it is None.
    wanted_hundredths: int | None = None
    # What the books hold of the hours that go back.
    closing_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """An order as a refund sees it; days count from `principal_date`, the later of signature and first payment."""

    lines: tuple[LineFigures, ...]
    principal_date: date
    end_date: date
    # The family had the like before it bought.
    knew_before: bool = False

    @property
    def left_fen(self) -> int:
        """What was paid and neither consumed nor refunded: no refund is above it."""
        return sum(line.left_fen for line in self.lines)

    @property
    def consumed_hundredths(self) -> int:
        """Hours that attendances took."""
        return sum(line.consumed_hundredths for line in self.lines)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One figure and what it comes from; deductions are negative. The sentence is made from kind and facts."""

    kind: str
    amount_fen: int
    facts: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """What goes back of one order line, and the fee that is kept of it."""

    line_id: UUID
    amount_fen: int
    fee_fen: int


@dataclass(frozen=True, slots=True)
class Computed:
    """A refund computed one way: its lines sum to `amount_fen`."""

    way: str
    basis: str
    lines: tuple[RefundLine, ...]
    items: tuple[Item, ...]

    @property
    def amount_fen(self) -> int:
        """What the family gets before interest."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def fee_fen(self) -> int:
        """What the institution keeps as agreed fees."""
        return sum(item.fee_fen for item in self.items)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The better way for the family, and what each would give; None where a way is not open."""

    best: Computed
    law_fen: int | None
    contract_fen: int | None


def settle(figures: Figures, rule: RefundRule, agreed: AgreedTerms | None, *, cause: str, fee_fen: int) -> Outcome:
    """Compute by law and by contract and take what is better for the family; the law where they are equal.

    Refuses an order of which nothing is left, and a full refund that neither way opens.
    """
    if figures.left_fen <= 0:
        raise Refused("ORDER_NOT_REFUNDABLE", "nothing is left of this order", left_fen=figures.left_fen)
    law = rule.of(cause)
    ways = {LAW: (law, rule.cooling_off_days, fee_fen if law.bears_fees else 0)}
    if agreed is not None:
        terms = terms_by_contract(rule, agreed, cause)
        days = max(agreed.cooling_off_days, rule.cooling_off_days)
        ways[CONTRACT] = (terms, days, _agreed_fee(figures, terms, agreed))
    computed = {
        way: compute(figures, way=way, basis=terms.basis, fee_fen=fee)
        for way, (terms, days, fee) in ways.items()
        if terms.basis != FULL or _is_open(figures, days)
    }
    if not computed:
        raise _not_open(figures, max(days for _, days, _ in ways.values()))
    totals = {way: each.amount_fen for way, each in computed.items()}
    best = max(computed, key=lambda way: (totals[way], way == LAW))
    return Outcome(computed[best], totals.get(LAW), totals.get(CONTRACT))


def compute(figures: Figures, *, way: str, basis: str, fee_fen: int) -> Computed:
    """Return one way of a refund; never below 0, and never above what the books hold of what goes back."""
    given = {line.line_id: _of_line(line, basis) for line in figures.lines}
    total = sum(given.values())
    fee = min(fee_fen, total)
    fees = allocate(fee, {str(key): amount for key, amount in given.items()}) if fee else {}
    items = tuple(Item(key, amount - fees.get(str(key), 0), fees.get(str(key), 0)) for key, amount in given.items())
    lines = [RefundLine("paid", sum(line.paid_fen for line in figures.lines))]
    before = sum(line.before_fen for line in figures.lines)
    if before:
        lines.append(RefundLine("refunded_before", -before))
    for line in figures.lines:
        lines += _shown(line, basis)
    if fee_fen:
        lines.append(RefundLine("fee", -fee_fen))
    over = total - fee - sum(line.amount_fen for line in lines)
    if over:
        lines.append(RefundLine("floor" if over > 0 else "ceiling", over))
    return Computed(way, basis, tuple(lines), items)


def _of_line(line: LineFigures, basis: str) -> int:
    """Return what goes back of a line before fees."""
    whole = line.paid_fen - line.before_fen - line.moved_fen - _consumed(line, basis)
    whole = max(0, min(whole, line.left_fen))
    if line.wanted_hundredths is None:
        return whole
    part = prorate(whole, line.wanted_hundredths, line.remaining_hundredths).due_fen
    return min(part, line.left_fen if line.closing_fen is None else line.closing_fen)


def _shown(line: LineFigures, basis: str) -> list[RefundLine]:
    lines = []
    consumed = _consumed(line, basis)
    if line.consumed_hundredths or consumed:
        facts: dict[str, int | str] = {
            "number": line.number,
            "hundredths": line.consumed_hundredths,
            "price": basis,
            "list_price_fen": line.list_price_fen,
        }
        lines.append(RefundLine("consumed", -consumed, facts))
    if line.moved_fen:
        lines.append(RefundLine("moved", -line.moved_fen, {"number": line.number}))
    if line.wanted_hundredths is not None:
        whole = max(0, min(line.paid_fen - line.before_fen - line.moved_fen - consumed, line.left_fen))
        kept = line.remaining_hundredths - line.wanted_hundredths
        lines.append(RefundLine("kept", _of_line(line, basis) - whole, {"number": line.number, "hundredths": kept}))
    if line.gift_left_hundredths:
        lines.append(RefundLine("gift", 0, {"number": line.number, "hundredths": line.gift_left_hundredths}))
    return lines


def _consumed(line: LineFigures, basis: str) -> int:
    # Rounding may put the list price a fen below the books; the books bound every refund.
    if basis == LIST_PRICE:
        return max(hours_value(line.consumed_hundredths, line.list_price_fen), line.consumed_fen)
    return line.consumed_fen


def _agreed_fee(figures: Figures, terms: CauseTerms, agreed: AgreedTerms) -> int:
    if not terms.bears_fees:
        return 0
    balance = sum(_of_line(line, terms.basis) for line in figures.lines)
    return agreed.fee_fen + round_half_up(Fraction(balance * agreed.fee_basis_points, 10000))


def _is_open(figures: Figures, days: int) -> bool:
    passed = (figures.end_date - figures.principal_date).days
    return passed <= days and not figures.consumed_hundredths and not figures.knew_before


def _not_open(figures: Figures, days: int) -> Refused:
    return Refused(
        "REFUND_BASIS_NOT_OPEN",
        f"a full refund is open for {days} days after payment, before the first lesson, for who never had the like",
        days=days,
        passed_days=(figures.end_date - figures.principal_date).days,
        consumed_hundredths=figures.consumed_hundredths,
    )
