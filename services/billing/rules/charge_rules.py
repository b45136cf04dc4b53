"""What the law allows to be charged: how many lessons, how long, how much, how early, at which price, for whom.

Rules are dated data. Those that are shipped are examples: a lawyer of the institution must check them before use.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from shared.errors import Refused
from shared.money import round_half_up

MOST_LESSONS = "most_lessons"
LONGEST_SPAN = "longest_span_months"
HIGHEST_CHARGE = "highest_charge_fen"
EARLIEST = "earliest_months"
RENEWAL = "renewal_lessons_left"
HIGHEST_PRICE = "highest_price_fen"
LEAST_AGE = "least_age_years"
# Kind of a rule -> the reason of a refusal.
REASONS = {
    MOST_LESSONS: "CHARGE_TOO_MANY_LESSONS",
    LONGEST_SPAN: "CHARGE_SPAN_TOO_LONG",
    HIGHEST_CHARGE: "CHARGE_TOO_HIGH",
    EARLIEST: "CHARGE_TOO_EARLY",
    RENEWAL: "CHARGE_RENEWAL_TOO_EARLY",
    HIGHEST_PRICE: "CHARGE_PRICE_TOO_HIGH",
    LEAST_AGE: "CHARGE_TOO_YOUNG",
}
KINDS = frozenset(REASONS)
MISSING = "CHARGE_FACTS_MISSING"
# What is asked again when money comes in.
OF_PAYMENTS = frozenset({EARLIEST})


@dataclass(frozen=True, slots=True)
class ChargeRule:
    """One rule of a set for categories of courses; in force from its first to its last day, both included.

    `limit` counts lessons, months, fen or years, as the kind says. A price is for `standard_minutes` of one person in
    a class of `class_from` to `class_to` (0: no end) and may be exceeded by `tolerance_basis_points`. An empty
    delivery is both. `months` lets a renewal begin that long before its first lesson all the same.
    """

    kind: str
    categories: tuple[str, ...]
    limit: int
    version: str
    source: str
    effective_date: date
    end_date: date | None = None
    delivery: str = ""
    class_from: int = 0
    class_to: int = 0
    standard_minutes: int = 0
    tolerance_basis_points: int = 0
    months: int = 0

    def concerns(self, item: Item, day: date) -> bool:
        """Say whether the rule is in force on a day for an item."""
        if not self.effective_date <= day <= (self.end_date or date.max):
            return False
        return item.category in self.categories and self.delivery in {"", "online" if item.online else "offline"}


@dataclass(frozen=True, slots=True)
class Item:
    """A course that is charged; `lessons` count given ones too. None and 0 are what nobody has said."""

    number: int
    category: str
    subject: str
    lessons: Fraction
    paid_lessons: Fraction
    net_fen: int
    lesson_minutes: int
    online: bool = False
    start_date: date | None = None
    end_date: date | None = None
    class_size: int = 0
    age_years: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a child has of a subject already, paid or ordered: lessons and fen that are not used up."""

    lessons: Fraction = Fraction(0)
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a charge breaks: what it allows, and what is charged; a value of "" is not known."""

    rule: ChargeRule
    reason: str
    number: int
    limit: str
    value: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What an override is for."""
        return self.rule.kind, self.rule.version, self.number

    def refusal(self) -> Refused:
        """Return the refusal, which names the rule, its version, its source and the figures."""
        return Refused(
            self.reason,
            f"{self.rule.kind} of {self.rule.version}: {self.value or 'unknown'} against {self.limit}",
            rule=self.rule.kind,
            version=self.rule.version,
            source=self.rule.source,
            limit=self.limit,
            value=self.value,
            number=self.number,
        )


def check(
    rules: Iterable[ChargeRule], items: Sequence[Item], standing: Mapping[str, Standing], day: date
) -> list[Finding]:
    """Return the rules that a charge on a day breaks, in the order of the rules.

    Lines of one subject count together with what stands of it, so that neither a second contract nor instalments of
    one that is too large pass: the whole charge is looked at, whenever its parts are paid.
    """
    found: list[Finding] = []
    for rule in rules:
        mine = [item for item in items if rule.concerns(item, day)]
        if mine:
            found += _CHECKS[rule.kind](rule, mine, standing, day)
    return found


def months_later(day: date, months: int) -> date:
    """Return the same day of another month, or its last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _lessons(rule: ChargeRule, items: list[Item], standing: Mapping[str, Standing], _day: date) -> Iterator[Finding]:
    for subject in dict.fromkeys(item.subject for item in items):
        mine = [item for item in items if item.subject == subject]
        count = standing.get(subject, Standing()).lessons + sum(item.lessons for item in mine)
        if count > rule.limit:
            yield _finding(rule, mine[0], str(rule.limit), _number(count))


def _span(rule: ChargeRule, items: list[Item], _standing: Mapping[str, Standing], _day: date) -> Iterator[Finding]:
    for item in items:
        if item.start_date is None or item.end_date is None:
            # Sold by lessons: their number is bounded instead.
            continue
        last = months_later(item.start_date, rule.limit) - timedelta(days=1)
        if item.end_date > last:
            yield _finding(rule, item, last.isoformat(), item.end_date.isoformat())


def _charge(rule: ChargeRule, items: list[Item], standing: Mapping[str, Standing], _day: date) -> Iterator[Finding]:
    before = sum(standing.get(subject, Standing()).fen for subject in {item.subject for item in items})
    total = before + sum(item.net_fen for item in items)
    if total > rule.limit:
        yield _finding(rule, items[0], _yuan(rule.limit), _yuan(total))


def _earliest(rule: ChargeRule, items: list[Item], _standing: Mapping[str, Standing], day: date) -> Iterator[Finding]:
    for item in items:
        if item.start_date is None:
            yield Finding(rule, MISSING, item.number, "start_date", "")
            continue
        first = months_later(item.start_date, -rule.limit)
        if day < first:
            yield _finding(rule, item, first.isoformat(), day.isoformat())


def _renewal(rule: ChargeRule, items: list[Item], standing: Mapping[str, Standing], day: date) -> Iterator[Finding]:
    for item in items:
        left = standing.get(item.subject, Standing()).lessons
        soon = item.start_date is not None and day >= months_later(item.start_date, -rule.months)
        if left > rule.limit and not soon:
            yield _finding(rule, item, str(rule.limit), _number(left))


def _price(rule: ChargeRule, items: list[Item], _standing: Mapping[str, Standing], _day: date) -> Iterator[Finding]:
    for item in items:
        if not item.class_size:
            yield Finding(rule, MISSING, item.number, "class_size", "")
            continue
        if not rule.class_from <= item.class_size <= (rule.class_to or item.class_size) or not item.paid_lessons:
            continue
        most = Fraction(rule.limit * item.lesson_minutes * (10000 + rule.tolerance_basis_points))
        most = most / (rule.standard_minutes * 10000)
        price = item.net_fen / item.paid_lessons
        if price > most:
            yield _finding(rule, item, _yuan(round_half_up(most)), _yuan(round_half_up(price)))


def _age(rule: ChargeRule, items: list[Item], _standing: Mapping[str, Standing], _day: date) -> Iterator[Finding]:
    for item in items:
        if item.age_years is None:
            yield Finding(rule, MISSING, item.number, "age_years", "")
        elif item.age_years < rule.limit:
            yield _finding(rule, item, str(rule.limit), str(item.age_years))


_CHECKS = {
    MOST_LESSONS: _lessons,
    LONGEST_SPAN: _span,
    HIGHEST_CHARGE: _charge,
    EARLIEST: _earliest,
    RENEWAL: _renewal,
    HIGHEST_PRICE: _price,
    LEAST_AGE: _age,
}


def _finding(rule: ChargeRule, item: Item, limit: str, value: str) -> Finding:
    return Finding(rule, REASONS[rule.kind], item.number, limit, value)


def _number(count: Fraction) -> str:
    return f"{float(count):.2f}".rstrip("0").rstrip(".")


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
