"""Who gets a new lead. Pure, so that every decision can be replayed from what was stored with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID

ROUND_ROBIN = "round_robin"
WEIGHTED = "weighted"
LEAST_OPEN = "least_open"
BEST_MATCH = "best_match"
STRATEGIES = (ROUND_ROBIN, WEIGHTED, LEAST_OPEN, BEST_MATCH)

# How many closed leads of the average advisor everybody starts with.
PRIOR_LEADS = 20
# What a full desk costs: as much as so many percentage points of conversion.
FULL_DESK = 0.2
# A full desk where the rule names no capacity.
USUAL_CAPACITY = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """An advisor as a rule names them; capacity 0 means no limit."""

    staff_id: UUID
    weight: int = 1
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule may ask about a lead. A subject is named by the courses that a family wants."""

    campus_id: UUID
    source: str
    course_ids: AbstractSet[UUID] = frozenset()
    region_id: UUID | None = None
    campaign_id: UUID | None = None
    school_district: str = ""
    school_grade: str = ""
    subjects: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, each met by all when empty, and a way to choose."""

    rule_id: UUID
    strategy: str
    candidates: tuple[Candidate, ...]
    campus_id: UUID | None = None
    sources: frozenset[str] = frozenset()
    course_ids: frozenset[UUID] = frozenset()
    region_ids: frozenset[UUID] = frozenset()
    campaign_ids: frozenset[UUID] = frozenset()
    school_districts: frozenset[str] = frozenset()
    school_grades: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()

    def fits(self, lead: Asked) -> bool:
        """Say whether a lead meets every condition. A subject is met by a course whose name has it in it."""
        single = (
            (self.sources, lead.source),
            (self.region_ids, lead.region_id),
            (self.campaign_ids, lead.campaign_id),
            (self.school_districts, lead.school_district),
            (self.school_grades, lead.school_grade),
        )
        return (
            (self.campus_id is None or self.campus_id == lead.campus_id)
            and all(not wanted or value in wanted for wanted, value in single)
            and (not self.course_ids or not self.course_ids.isdisjoint(lead.course_ids))
            and (not self.subjects or any(word in name for word in self.subjects for name in lead.subjects))
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How busy and how good the candidates are: open leads, and (won, closed) leads in what the family wants."""

    open_leads: Mapping[UUID, int]
    conversions: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen advisor, and the score of everybody who was weighed; the highest score wins, ties by rule order."""

    staff_id: UUID
    scores: tuple[tuple[UUID, float], ...]


def choose(rule: Rule, *, turn: int, available: AbstractSet[UUID], standing: Standing) -> Choice | None:
    """Choose among those who are available and below capacity; None when nobody is.

    `turn` counts the decisions of this rule from 0; it is what round robin and weighted go by.
    """
    able = [c for c in rule.candidates if c.staff_id in available and _has_room(c, standing.open_leads)]
    if not able:
        return None
    ways = {ROUND_ROBIN: _by_turn, WEIGHTED: _by_weight, LEAST_OPEN: _by_load, BEST_MATCH: _by_match}
    scores = ways[rule.strategy](able, turn, standing)
    best = max(range(len(able)), key=lambda index: (scores[index], -index))
    pairs = tuple((candidate.staff_id, score) for candidate, score in zip(able, scores, strict=True))
    return Choice(able[best].staff_id, pairs)


def _has_room(candidate: Candidate, open_leads: Mapping[UUID, int]) -> bool:
    return not candidate.capacity or open_leads.get(candidate.staff_id, 0) < candidate.capacity


def _by_turn(able: Sequence[Candidate], turn: int, _standing: Standing) -> list[float]:
    return [1.0 if index == turn % len(able) else 0.0 for index in range(len(able))]


def _by_weight(able: Sequence[Candidate], turn: int, _standing: Standing) -> list[float]:
    """Smooth weighted round robin: after as many turns as the weights add up to, each had exactly its share."""
    weights = [max(1, candidate.weight) for candidate in able]
    total = sum(weights)
    current = [0] * len(able)
    for _ in range(turn % total + 1):
        current = [value + weight for value, weight in zip(current, weights, strict=True)]
        best = max(range(len(able)), key=lambda index: (current[index], -index))
        chosen = list(current)
        current[best] -= total
    return [float(value) for value in chosen]


def _by_load(able: Sequence[Candidate], _turn: int, standing: Standing) -> list[float]:
    return [-standing.open_leads.get(c.staff_id, 0) / max(1, c.weight) for c in able]


def _by_match(able: Sequence[Candidate], _turn: int, standing: Standing) -> list[float]:
    """Conversion in the subject, smoothed, minus load.

    Of an advisor with w enrolled among n closed leads the rate is taken as (w + m p) / (n + m): the mean of the
    posterior of a Beta-binomial model whose prior is worth m = 20 leads at the rate p of all candidates together
    (A. Gelman et al., Bayesian Data Analysis, 3rd ed., sections 2.4 and 5.1). So three lucky leads do not beat thirty
    good ones, and whoever is new starts as the average. p itself is (W + 1) / (N + 2), Laplace's rule, so that a team
    without any closed lead is at one half and only load decides. From that goes 0.2 times the share of the capacity
    that is taken: a full desk costs as much as twenty percentage points.
    """
    known = [standing.conversions.get(c.staff_id, (0, 0)) for c in able]
    rate = (sum(won for won, _ in known) + 1) / (sum(closed for _, closed in known) + 2)
    scores = []
    for candidate, (won, closed) in zip(able, known, strict=True):
        smoothed = (won + PRIOR_LEADS * rate) / (closed + PRIOR_LEADS)
        taken = standing.open_leads.get(candidate.staff_id, 0) / (candidate.capacity or USUAL_CAPACITY)
        scores.append(round(smoothed - FULL_DESK * taken, 9))
    return scores
