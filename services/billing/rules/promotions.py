"""Promotions as data: what one takes off, whom it is for, and whether it holds for a line of an offer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from services.billing.rules.quotes import hours_value
from shared.errors import InvalidInput
from shared.money import round_half_up

PERCENTAGE = "percentage"
AMOUNT_OFF = "amount_off"
PRICE_STEP = "price_step"
GIFT_HOURS = "gift_hours"
EVERYONE = "everyone"
NEW = "new"
RETURNING = "returning"
SIBLING = "sibling"
ALL_BASIS_POINTS = 10_000

# The figure that an effect needs; all others must be left out.
_FIGURE = {
    PERCENTAGE: "off_basis_points",
    AMOUNT_OFF: "amount_off_fen",
    PRICE_STEP: "price_steps",
    GIFT_HOURS: "gift_hundredths",
}


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From how many hundredths of an hour on a line costs how much an hour."""

    from_hundredths: int
    unit_price_fen: int


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion; amounts are fen, quantities hundredths of an hour, 0 stands for no limit and no threshold.

    `rank` is the order in which stackable promotions apply, each on what the ones before have left. One that is not
    stackable applies alone or not at all. `most_off_fen` caps a percentage. `early_days` asks for lessons that start
    that many days after the offer. Whoever gets `approval_from_fen` or more off needs an approval.
    """

    id: UUID
    code: str
    name: str
    effect: str
    start_date: date
    end_date: date | None = None
    off_basis_points: int = 0
    amount_off_fen: int = 0
    price_steps: tuple[PriceStep, ...] = ()
    gift_hundredths: int = 0
    most_off_fen: int = 0
    audience: str = EVERYONE
    early_days: int = 0
    min_total_fen: int = 0
    min_hundredths: int = 0
    course_ids: tuple[UUID, ...] = ()
    stackable: bool = False
    rank: int = 0
    approval_from_fen: int = 0
    perk: str = ""

    def check(self) -> None:
        """Refuse a promotion that says two things or nothing; raises InvalidInput."""
        if self.end_date is not None and self.end_date <= self.start_date:
            raise InvalidInput("promotion.end_date", "the promotion ends before it starts")
        for effect, figure in _FIGURE.items():
            if bool(getattr(self, figure)) != (effect == self.effect):
                word = "needs" if effect == self.effect else "takes no"
                raise InvalidInput(f"promotion.{figure}", f"a promotion of effect {self.effect} {word} {figure}")
        if self.most_off_fen and self.effect != PERCENTAGE:
            raise InvalidInput("promotion.most_off_fen", "only a percentage has a cap")
        starts = [step.from_hundredths for step in self.price_steps]
        if starts != sorted(set(starts)):
            raise InvalidInput("promotion.price_steps", "each step starts at more hours than the one before")

    def is_for(self, *, is_returning: bool, has_sibling: bool) -> bool:
        """Say whether a family belongs to the audience."""
        return {EVERYONE: True, NEW: not is_returning, RETURNING: is_returning, SIBLING: has_sibling}[self.audience]

    def covers(self, course_id: UUID) -> bool:
        """Say whether a course takes part; without a list all do."""
        return not self.course_ids or course_id in self.course_ids

    def is_early(self, day: date, start_date: date | None) -> bool:
        """Say whether lessons that start on a date are booked early enough on a day."""
        if not self.early_days:
            return True
        return start_date is not None and (start_date - day).days >= self.early_days

    def off_by_step(self, hundredths: int, unit_price_fen: int) -> int:
        """Return what the last step that a line reaches takes off its list price, never less than nothing."""
        reached = [step.unit_price_fen for step in self.price_steps if step.from_hundredths <= hundredths]
        if not reached:
            return 0
        return max(0, hours_value(hundredths, unit_price_fen) - hours_value(hundredths, reached[-1]))

    def off_percent(self, amount_fen: int) -> int:
        """Return the percentage of an amount, rounded half up, at most the cap."""
        off = round_half_up(Fraction(amount_fen * self.off_basis_points, ALL_BASIS_POINTS))
        return min(off, self.most_off_fen) if self.most_off_fen else off
