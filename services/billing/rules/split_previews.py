"""What a rule would have made of the past, which rule decides over what, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from services.billing.rules.splits import PERSONS, Facts, SplitRule, divide, matches, rank

NO_RULE = "no_rule"
ONLY_RULE = "only_rule"
# In the order of a rule's rank: the first in which the two best differ decides.
_BY_RANK = ("highest_priority", "most_specific", "latest_start", "last_stored")
EXPLAINED = 200

Earner = tuple[str, UUID]


class Decision(NamedTuple):
    """The rule that holds, why, and the others that match, the next in rank first."""

    rule: SplitRule | None
    reason: str
    others: tuple[SplitRule, ...]


class Total(NamedTuple):
    """What a party got and would have got, in fen."""

    party: str
    party_id: UUID
    actual_fen: int
    preview_fen: int


class Base(NamedTuple):
    """What was divided: its facts, its fen, and the fen that the order had brought in before."""

    facts: Facts
    amount_fen: int
    before_fen: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A consumption or payment of the past: what was divided, and who got what of it in fen."""

    kind: str
    source_id: UUID
    occur_time: datetime
    bases: Sequence[Base]
    actual: Mapping[Earner, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One source with what decides over it."""

    source: Source
    decision: Decision
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Totals over what a rule matches, and the first comparisons."""

    totals: tuple[Total, ...]
    matched_count: int
    decided_count: int
    comparisons: tuple[Comparison, ...]


def decide(rules: Iterable[SplitRule], facts: Facts) -> Decision:
    """Return the rule that `splits.choose` chooses, with the reason."""
    found = sorted((rule for rule in rules if matches(rule, facts)), key=rank, reverse=True)
    if not found:
        return Decision(None, NO_RULE, ())
    if len(found) == 1:
        return Decision(found[0], ONLY_RULE, ())
    first, second = rank(found[0]), rank(found[1])
    place = next(place for place, (one, other) in enumerate(zip(first, second, strict=True)) if one != other)
    return Decision(found[0], _BY_RANK[place], tuple(found[1:]))


def overlaps(rule: SplitRule, rules: Iterable[SplitRule]) -> list[SplitRule]:
    """Return other rules of equal priority that name as much and can match the same facts on some day."""
    return [other for other in rules if other.id != rule.id and _equal_in_rank(rule, other) and _can_meet(rule, other)]


def holding_through(rule: SplitRule, start: date) -> SplitRule:
    """Return the rule as if it held from a day on and never ended, so that it can be tried on the past."""
    return replace(rule, start_date=min(rule.start_date, start), end_date=None)


def compare(rule: SplitRule, rules: Sequence[SplitRule], sources: Iterable[Source]) -> Preview:
    """Compare what was with what `rule` beside `rules` would have made of it; sources it does not match are left out.

    A source over which the rule does not decide keeps its rows: rules change nothing that exists.
    """
    every = (*rules, rule)
    actual: Counter[Earner] = Counter()
    preview: Counter[Earner] = Counter()
    matched = decided = 0
    explained: list[Comparison] = []
    for source in sources:
        decisions = [decide(every, facts) for facts, *_ in source.bases if matches(rule, facts)]
        if not decisions:
            continue
        ours = next((each for each in decisions if each.rule is rule), None)
        would_be = _divided(every, source) if ours else Counter(source.actual)
        matched, decided = matched + 1, decided + bool(ours)
        actual.update(source.actual)
        preview.update(would_be)
        if len(explained) < EXPLAINED:
            explained.append(Comparison(source, ours or decisions[0], _totals(source.actual, would_be)))
    return Preview(_totals(actual, preview), matched, decided, tuple(explained))


def without_pay(preview: Preview) -> Preview:
    """Leave out what persons get, and the single sources: what the others get of one would tell it."""
    totals = tuple(total for total in preview.totals if total.party not in PERSONS)
    return replace(preview, totals=totals, comparisons=())


def _divided(rules: Sequence[SplitRule], source: Source) -> Counter[Earner]:
    sums: Counter[Earner] = Counter()
    for facts, amount_fen, before_fen in source.bases:
        rule = decide(rules, facts).rule
        for part in divide(rule, facts, before_fen + amount_fen):
            sums[part.party, part.party_id] += part.amount_fen
        for part in divide(rule, facts, before_fen):
            sums[part.party, part.party_id] -= part.amount_fen
    return sums


def _totals(actual: Mapping[Earner, int], preview: Mapping[Earner, int]) -> tuple[Total, ...]:
    earners = sorted(actual.keys() | preview.keys())
    return tuple(Total(*earner, actual.get(earner, 0), preview.get(earner, 0)) for earner in earners)


def _equal_in_rank(one: SplitRule, other: SplitRule) -> bool:
    return one.base == other.base and rank(one)[:2] == rank(other)[:2]


def _can_meet(one: SplitRule, other: SplitRule) -> bool:
    start, end = max(one.start_date, other.start_date), min(one.end_date or date.max, other.end_date or date.max)
    pairs = zip(one.named, other.named, strict=True)
    return start < end and all(first is None or second is None or first == second for first, second in pairs)
