"""What an offer costs and why: lines at their prices, bundles, promotions. The same inputs always give the same offer.

Whoever changes a figure that this module computes gives it a new VERSION and keeps the old way for stored inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import starmap
from uuid import UUID

from services.billing.rules import promotions
from services.billing.rules.promotions import Promotion
from services.billing.rules.quotes import hours_value, line_totals
from shared.errors import InvalidInput
from shared.money import allocate

VERSION = 1
BY_HAND = "by_hand"
BUNDLE = "bundle"
PROMOTION = "promotion"
# Why a step took something off, or why a promotion did not.
APPLIED = "applied"
OTHER_AUDIENCE = "other_audience"
OTHER_COURSE = "other_course"
TOO_LATE = "too_late"
TOO_FEW_HOURS = "too_few_hours"
BELOW_MINIMUM = "below_minimum"
NOTHING_OFF = "nothing_off"
NOT_COMBINED = "not_combined"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it was asked for. `bundle_id` says which bundle it belongs to, `discount_fen` is given by hand."""

    course_id: UUID
    hundredths: int
    unit_price_fen: int
    gift_hundredths: int = 0
    discount_fen: int = 0
    start_date: date | None = None
    bundle_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Lines that are sold together at one price."""

    id: UUID
    name: str
    price_fen: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that an offer's figures depend on; `day` is the campus's date on which it was made."""

    day: date
    lines: tuple[Line, ...]
    promotions: tuple[Promotion, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    is_returning: bool = False
    has_sibling: bool = False
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that took money off or gave hours, or a promotion that did not and why.

    `base_fen` is what the lines concerned cost before it, `discounts_fen` what each line of the offer lost.
    `alone_fen` is what a promotion that was not combined with the others would have been worth without them.
    """

    kind: str
    verdict: str
    source_id: UUID | None = None
    name: str = ""
    perk: str = ""
    base_fen: int = 0
    discount_fen: int = 0
    gift_hundredths: int = 0
    discounts_fen: tuple[int, ...] = ()
    alone_fen: int = 0
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class PricedLine:
    """The amounts of one line in fen, its gift hours in hundredths."""

    gross_fen: int
    discount_fen: int
    net_fen: int
    gift_hundredths: int


@dataclass(frozen=True, slots=True)
class Priced:
    """An offer's figures and the way to them."""

    lines: tuple[PricedLine, ...]
    steps: tuple[Step, ...]

    @property
    def needs_approval(self) -> bool:
        """Whether a promotion took so much off that somebody else must agree."""
        return any(step.needs_approval for step in self.steps)


@dataclass(slots=True)
class _Sum:
    """An offer while it is computed: what each line still costs, the hours it was given, the steps so far."""

    inputs: Inputs
    nets: list[int]
    gifts: list[int]
    steps: list[Step] = field(default_factory=list)
    saved_fen: int = 0

    def copy(self) -> _Sum:
        return _Sum(self.inputs, list(self.nets), list(self.gifts), list(self.steps), self.saved_fen)

    def take(self, step: Step, offs: dict[int, int]) -> None:
        """Take amounts off lines, by index, and keep the step with what each line lost."""
        before = sum(self.nets[index] for index in offs)
        for index, off in offs.items():
            self.nets[index] -= off
        losses = tuple(offs.get(index, 0) for index in range(len(self.nets)))
        total = sum(losses)
        self.saved_fen += total
        self.steps.append(replace(step, base_fen=before, discount_fen=total, discounts_fen=losses))


def price(inputs: Inputs) -> Priced:
    """Price an offer.

    First what is given by hand, then bundles, then promotions: the stackable ones together in their order or one that
    is not stackable, whichever is worth more to the family; equal worth goes to the first of these. Lines of a bundle
    take no promotion. Gift hours count at the list price when worths are compared.
    Raises InvalidInput QUOTE_DISCOUNT_TOO_HIGH, BUNDLE_ABOVE_LIST.
    """
    if inputs.version != VERSION:
        raise ValueError(f"offers of version {inputs.version} cannot be priced")
    gross = [hours_value(line.hundredths, line.unit_price_fen) for line in inputs.lines]
    offer = _Sum(inputs, list(gross), [line.gift_hundredths for line in inputs.lines])
    _by_hand(offer)
    for bundle in inputs.bundles:
        _bundle(offer, bundle)
    offer = _promoted(offer)
    lines = starmap(_priced, zip(gross, offer.nets, offer.gifts, strict=True))
    return Priced(tuple(lines), tuple(offer.steps))


def _priced(gross: int, net: int, gift: int) -> PricedLine:
    return PricedLine(gross, gross - net, net, gift)


def _by_hand(offer: _Sum) -> None:
    for index, line in enumerate(offer.inputs.lines):
        line_totals(
            index, hundredths=line.hundredths, unit_price_fen=line.unit_price_fen, discount_fen=line.discount_fen
        )
        if line.discount_fen:
            offer.take(Step(BY_HAND, APPLIED), {index: line.discount_fen})


def _bundle(offer: _Sum, bundle: Bundle) -> None:
    mine = [index for index, line in enumerate(offer.inputs.lines) if line.bundle_id == bundle.id]
    listed = sum(offer.nets[index] for index in mine)
    if bundle.price_fen > listed:
        raise InvalidInput(
            "quote.bundle_ids",
            f"the bundle costs {bundle.price_fen} fen, its parts {listed} fen",
            reason="BUNDLE_ABOVE_LIST",
            price_fen=bundle.price_fen,
            listed_fen=listed,
        )
    step = Step(BUNDLE, APPLIED, bundle.id, bundle.name)
    offer.take(step, _divided(offer, mine, listed - bundle.price_fen))


def _promoted(offer: _Sum) -> _Sum:
    """Return the offer with the promotions that are worth most; the others follow with the reason."""
    ordered = sorted(offer.inputs.promotions, key=lambda each: (each.rank, each.code))
    reasons = {each.code: _refusal(offer, each) for each in ordered}
    fitting = [each for each in ordered if not reasons[each.code]]
    together = [each for each in fitting if each.stackable]
    best, chosen = _after(offer, together), together
    alone = {each.code: _after(offer, [each]) for each in fitting}
    for each in fitting:
        if not each.stackable and alone[each.code].saved_fen > best.saved_fen:
            best, chosen = alone[each.code], [each]
    best = best.copy()
    for each in ordered:
        if each not in chosen:
            worth = alone[each.code].saved_fen - offer.saved_fen if each.code in alone else 0
            best.steps.append(replace(_step(each, reasons[each.code] or NOT_COMBINED), alone_fen=worth))
    return best


def _after(offer: _Sum, chosen: Iterable[Promotion]) -> _Sum:
    copy = offer.copy()
    for promotion in chosen:
        _apply(copy, promotion)
    return copy


def _apply(offer: _Sum, promotion: Promotion) -> None:
    mine = _concerned(offer.inputs, promotion)
    if promotion.effect == promotions.GIFT_HOURS:
        _give(offer, promotion, mine)
        return
    left = sum(offer.nets[index] for index in mine)
    if promotion.effect == promotions.PRICE_STEP:
        offs = {index: _stepped(offer, promotion, index) for index in mine}
    elif promotion.effect == promotions.PERCENTAGE:
        offs = _divided(offer, mine, promotion.off_percent(left))
    else:
        offs = _divided(offer, mine, min(promotion.amount_off_fen, left))
    total = sum(offs.values())
    asks = bool(promotion.approval_from_fen) and total >= promotion.approval_from_fen
    verdict = APPLIED if total else NOTHING_OFF
    offer.take(replace(_step(promotion, verdict), needs_approval=asks), offs)


def _give(offer: _Sum, promotion: Promotion, mine: Sequence[int]) -> None:
    """Give hours to the line with the most hours, the first of equals."""
    index = max(mine, key=lambda each: (offer.inputs.lines[each].hundredths, -each))
    worth = hours_value(promotion.gift_hundredths, offer.inputs.lines[index].unit_price_fen)
    asks = bool(promotion.approval_from_fen) and worth >= promotion.approval_from_fen
    offer.gifts[index] += promotion.gift_hundredths
    step = replace(_step(promotion, APPLIED), gift_hundredths=promotion.gift_hundredths, needs_approval=asks)
    offer.take(step, {index: 0})
    offer.saved_fen += worth


def _stepped(offer: _Sum, promotion: Promotion, index: int) -> int:
    line = offer.inputs.lines[index]
    return min(offer.nets[index], promotion.off_by_step(line.hundredths, line.unit_price_fen))


def _divided(offer: _Sum, mine: Sequence[int], total_fen: int) -> dict[int, int]:
    """Divide an amount over lines by what they still cost; no line goes below zero."""
    parts = allocate(total_fen, {f"{index:03}": offer.nets[index] for index in mine})
    return {int(key): part for key, part in parts.items()}


def _refusal(offer: _Sum, promotion: Promotion) -> str:
    """Return why a promotion does not hold for an offer before any promotion; empty when it does."""
    inputs = offer.inputs
    if not promotion.is_for(is_returning=inputs.is_returning, has_sibling=inputs.has_sibling):
        return OTHER_AUDIENCE
    free = [line for line in inputs.lines if line.bundle_id is None and promotion.covers(line.course_id)]
    mine = _concerned(inputs, promotion)
    if not mine:
        return TOO_LATE if free else OTHER_COURSE
    if sum(inputs.lines[index].hundredths for index in mine) < promotion.min_hundredths:
        return TOO_FEW_HOURS
    if sum(offer.nets[index] for index in mine) < promotion.min_total_fen:
        return BELOW_MINIMUM
    return ""


def _concerned(inputs: Inputs, promotion: Promotion) -> list[int]:
    return [
        index
        for index, line in enumerate(inputs.lines)
        if line.bundle_id is None
        and promotion.covers(line.course_id)
        and promotion.is_early(inputs.day, line.start_date)
    ]


def _step(promotion: Promotion, verdict: str) -> Step:
    return Step(PROMOTION, verdict, promotion.id, promotion.name, promotion.perk)
