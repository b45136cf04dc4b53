"""Who gets which part of a base: choosing the rule, and dividing by it to the last fen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from shared.errors import InvalidInput
from shared.money import allocate, round_half_up

CONSUMPTION = "consumption_recognised"
CASH = "cash_received"
# What plans pay teachers; no rule divides it.
PAY = "pay"

SELLING = "selling_campus"
TEACHING = "teaching_campus"
HEADQUARTERS = "headquarters"
ADVISOR = "advisor"
TEACHER = "teacher"
PARTNER = "partner"
# What they get is their pay.
PERSONS = (ADVISOR, TEACHER)
# Who is paid money; campuses settle among themselves.
PAYEES = (*PERSONS, PARTNER)
# Of cash they get a rate of all that is kept of an order, rounded by itself: half a fen and more is a fen.
COMMISSIONED = (ADVISOR, PARTNER)

# Books of headquarters stand under this id, so that every account has a campus.
HEAD_OFFICE = UUID(int=0)
WHOLE = 10_000
# Decides ties of a single fen and who is first served with fixed amounts, whatever the order of a rule's shares.
PARTY_ORDER = (SELLING, TEACHING, HEADQUARTERS, ADVISOR, TEACHER, PARTNER)
_KEYS = {party: str(place) for place, party in enumerate(PARTY_ORDER)}
# A rule that is not stored yet would be the last one.
_LAST = UUID(int=2**128 - 1)
_AFTER_TEACHING = {TEACHING, TEACHER}


@dataclass(frozen=True, slots=True)
class Tier:
    """The percentage of the whole base from `from_fen` on, up to but without where the next tier begins."""

    from_fen: int
    basis_points: int


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one party; exactly one of the four says how much. Basis points are hundredths of a percent."""

    party: str
    basis_points: int = 0
    fixed_fen: int = 0
    is_remainder: bool = False
    tiers: tuple[Tier, ...] = ()

    def percentage(self, base_fen: int) -> int:
        """Return the basis points of a base: those of the tier [from, next from) that it lies in."""
        held = (tier.basis_points for tier in reversed(self.tiers) if tier.from_fen <= base_fen)
        return next(held, 0) if self.tiers else self.basis_points

    @property
    def highest(self) -> int:
        """Return the most basis points that any base can give."""
        return max((tier.basis_points for tier in self.tiers), default=self.basis_points)


_DEFAULT = {
    CONSUMPTION: (Share(TEACHING, is_remainder=True),),
    CASH: (Share(SELLING, is_remainder=True),),
}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How a base is divided while the rule holds: [start_date, end_date). None in a matcher matches any."""

    id: UUID | None
    name: str
    base: str
    priority: int
    shares: tuple[Share, ...]
    start_date: date
    end_date: date | None = None
    course_id: UUID | None = None
    selling_campus_id: UUID | None = None
    teaching_campus_id: UUID | None = None
    channel: str = ""
    partner_id: UUID | None = None
    sales_form: str = ""
    region_id: UUID | None = None
    version: int = 1

    @property
    def named(self) -> tuple[UUID | str | None, ...]:
        """Return what the rule names, in the order of `Facts.found`; None matches any."""
        texts = self.channel or None, self.sales_form or None
        return self.course_id, self.selling_campus_id, self.teaching_campus_id, *texts, self.partner_id, self.region_id


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule is matched with. Cash is received before anybody has taught: it knows no teaching campus.

    The region is that of the selling campus, the partner the one who registered the customer. `allocation` says which
    campuses share what the selling campus gets, in basis points that sum to the whole; empty: it alone.
    """

    base: str
    day: date
    course_id: UUID
    selling_campus_id: UUID
    teaching_campus_id: UUID | None = None
    advisor_id: UUID | None = None
    teacher_id: UUID | None = None
    channel: str = ""
    partner_id: UUID | None = None
    sales_form: str = ""
    region_id: UUID | None = None
    allocation: tuple[tuple[UUID, int], ...] = ()

    @property
    def found(self) -> tuple[UUID | str | None, ...]:
        """Return what is compared with what a rule names."""
        texts = self.channel, self.sales_form
        return self.course_id, self.selling_campus_id, self.teaching_campus_id, *texts, self.partner_id, self.region_id


@dataclass(frozen=True, slots=True)
class Part:
    """What one party gets. `home_campus_id` keeps the books of it; `party_id` is a campus, staff member or partner."""

    party: str
    party_id: UUID
    home_campus_id: UUID
    amount_fen: int
    explanation: str

    @property
    def is_payee(self) -> bool:
        """Say whether the part is paid to a person or partner instead of belonging to a campus."""
        return self.party in PAYEES


def check(rule: SplitRule) -> None:
    """Refuse a rule whose shares do not make up exactly the whole of any base."""
    parties = [share.party for share in rule.shares]
    if len(set(parties)) != len(parties):
        raise InvalidInput("split_rule.shares", "a party occurs twice", reason="SPLIT_PARTY_TWICE")
    if rule.base == CASH and _AFTER_TEACHING.intersection(parties):
        text = "nobody has taught yet when cash is received: leave out the teaching campus and the teacher"
        raise InvalidInput("split_rule.shares", text, reason="SPLIT_PARTY_UNKNOWN_FOR_BASE")
    if rule.end_date is not None and rule.end_date <= rule.start_date:
        raise InvalidInput("split_rule.end_date", "the rule ends before it starts", reason="SPLIT_RULE_EMPTY")
    for share in rule.shares:
        _check_tiers(share)
    _check_sum(rule.shares)


def choose(rules: Iterable[SplitRule], facts: Facts) -> SplitRule | None:
    """Return the rule that holds: highest priority, then the most specific, the latest start, the greatest id."""
    return max((rule for rule in rules if matches(rule, facts)), key=rank, default=None)


def matches(rule: SplitRule, facts: Facts) -> bool:
    """Say whether a rule holds for the facts."""
    if rule.base != facts.base or not rule.start_date <= facts.day < (rule.end_date or date.max):
        return False
    return all(wanted is None or wanted == fact for wanted, fact in zip(rule.named, facts.found, strict=True))


def rank(rule: SplitRule) -> tuple[int, int, date, str]:
    """Return what rules are ordered by: priority, how much they name, start, id."""
    return rule.priority, sum(name is not None for name in rule.named), rule.start_date, str(rule.id or _LAST)


def divide(rule: SplitRule | None, facts: Facts, base_fen: int) -> tuple[Part, ...]:
    """Divide a base; the parts sum to it exactly and parts of 0 are left out.

    Fixed amounts go first and never take more than is left; percentages are of the whole base; a single fen goes to
    the largest remainder. Ties go by the order of the parties, so the order of the shares never matters. Commissions
    on cash are rounded by themselves, half up, and the campuses share what they leave (SAFETY A.2, I13). Without a
    rule the teaching campus earns a consumption, and cash is divided by the allocation of its order alone. Where a
    staff member or partner is unknown the campus takes their part.
    """
    if rule is None and facts.base == CASH and not facts.allocation:
        return ()
    shares, name = (rule.shares, f"{rule.name} v{rule.version}") if rule else (_DEFAULT[facts.base], "default")
    amounts = _amounts(shares, base_fen, commissions=facts.base == CASH)
    pairs = zip(shares, amounts, strict=True)
    parts = [_part(share, facts, amount, f"{name}: {_measure(share, base_fen)}") for share, amount in pairs if amount]
    return tuple(spread for part in parts for spread in _allocated(part, facts))


def check_allocation(allocation: Sequence[tuple[UUID, int]]) -> None:
    """Refuse an allocation of an order's value that names a campus twice or does not sum to the whole."""
    campus_ids = [campus_id for campus_id, _ in allocation]
    if len(set(campus_ids)) != len(campus_ids):
        raise InvalidInput("allocations", "a campus occurs twice", reason="ORDER_ALLOCATION_TWICE")
    total = sum(points for _, points in allocation)
    if allocation and total != WHOLE:
        text = f"the campuses share {total / 100:.2f} % of the order instead of 100.00 %"
        raise InvalidInput("allocations", text, reason="ORDER_ALLOCATION_SUM", percent=f"{total / 100:.2f}")


def _allocated(part: Part, facts: Facts) -> tuple[Part, ...]:
    """Share what the selling campus gets between the campuses of an order's allocation."""
    if part.party != SELLING or not facts.allocation:
        return (part,)
    amounts = allocate(part.amount_fen, {str(campus_id): points for campus_id, points in facts.allocation})
    return tuple(
        Part(
            SELLING, campus_id, campus_id, amounts[str(campus_id)], f"{part.explanation}; {points / 100:g} % allocated"
        )
        for campus_id, points in facts.allocation
        if amounts[str(campus_id)]
    )


def _check_tiers(share: Share) -> None:
    starts = [tier.from_fen for tier in share.tiers]
    if starts and (starts[0] != 0 or starts != sorted(set(starts))):
        found = ", ".join(map(str, starts))
        text = f"tiers begin at 0 fen and each above the one before, not at {found}"
        raise InvalidInput("split_rule.shares", text, reason="SPLIT_TIERS_INVALID", from_fen=found)


def _check_sum(shares: Sequence[Share]) -> None:
    total = sum(share.highest for share in shares)
    remainders = sum(share.is_remainder for share in shares)
    if total > WHOLE:
        raise InvalidInput(
            "split_rule.shares",
            f"percentages sum to {total / 100:.2f} %, above the base",
            reason="SPLIT_SHARES_ABOVE_BASE",
            basis_points=total,
        )
    varies = any(share.fixed_fen or share.tiers for share in shares)
    if remainders > 1 or (not remainders and (total < WHOLE or varies)):
        text = "shares must make up the whole: 100 % without fixed amounts and tiers, or exactly one remainder"
        raise InvalidInput("split_rule.shares", text, reason="SPLIT_SHARES_INCOMPLETE", basis_points=total)


def _amounts(shares: Sequence[Share], base_fen: int, *, commissions: bool) -> list[int]:
    left = base_fen
    rounded = _rounded(shares) if commissions else frozenset()
    first = dict.fromkeys(PARTY_ORDER, 0)
    for share in sorted(shares, key=lambda each: (not each.fixed_fen, _KEYS[each.party])):
        wanted = share.fixed_fen
        if share.party in rounded:
            wanted = round_half_up(Fraction(share.percentage(base_fen) * base_fen, WHOLE))
        first[share.party] = min(wanted, left)
        left -= first[share.party]
    # Weights in ten-thousandths of a fen: percentages of the whole base, the remainder what they leave of the rest.
    weights = {
        _KEYS[share.party]: 0 if share.party in rounded else share.percentage(base_fen) * base_fen for share in shares
    }
    rest = max(0, left * WHOLE - sum(weights.values()))
    for share in shares:
        if share.is_remainder:
            weights[_KEYS[share.party]] = rest
    parts = allocate(left, weights)
    return [first[share.party] + parts[_KEYS[share.party]] for share in shares]


def _rounded(shares: Sequence[Share]) -> frozenset[str]:
    """Return the parties whose percentage is rounded by itself; somebody else must be there to take what is left."""
    found = frozenset(share.party for share in shares if share.party in COMMISSIONED and share.highest)
    return found if len(found) < len(shares) else frozenset()


def _part(share: Share, facts: Facts, amount_fen: int, why: str) -> Part:
    teaching = facts.teaching_campus_id or facts.selling_campus_id
    places = {
        SELLING: (facts.selling_campus_id, facts.selling_campus_id),
        TEACHING: (teaching, teaching),
        HEADQUARTERS: (HEAD_OFFICE, HEAD_OFFICE),
        ADVISOR: (facts.advisor_id, facts.selling_campus_id),
        TEACHER: (facts.teacher_id, teaching),
        PARTNER: (facts.partner_id, facts.selling_campus_id),
    }
    party_id, home = places[share.party]
    if party_id is None:
        party = TEACHING if share.party == TEACHER else SELLING
        return Part(party, home, home, amount_fen, f"{why} of an unknown {share.party}")
    return Part(share.party, party_id, home, amount_fen, why)


def _measure(share: Share, base_fen: int) -> str:
    if share.is_remainder:
        return "remainder"
    if share.fixed_fen:
        return f"fixed {share.fixed_fen} fen"
    if share.tiers:
        tier = max((tier for tier in share.tiers if tier.from_fen <= base_fen), key=lambda each: each.from_fen)
        return f"{tier.basis_points / 100:g} % from {tier.from_fen} fen on"
    return f"{share.basis_points / 100:g} %"
