"""Who gets a new lead. Pure, so that every decision can be replayed from what was stored with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

ROUND_ROBIN = "round_robin"
WEIGHTED = "weighted"
LEAST_OPEN = "least_open"
STRATEGIES = (ROUND_ROBIN, WEIGHTED, LEAST_OPEN)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An advisor as a rule names them; capacity 0 means no limit."""

    staff_id: UUID
    weight: int = 1
    capacity: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, each met by all when empty, and a way to choose."""

    rule_id: UUID
    strategy: str
    candidates: tuple[Candidate, ...]
    campus_id: UUID | None = None
    sources: frozenset[str] = frozenset()
    course_ids: frozenset[UUID] = frozenset()

    def fits(self, campus_id: UUID, source: str, course_ids: AbstractSet[UUID]) -> bool:
        """Say whether a lead meets every condition."""
        return (
            (self.campus_id is None or self.campus_id == campus_id)
            and (not self.sources or source in self.sources)
            and (not self.course_ids or not self.course_ids.isdisjoint(course_ids))
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen advisor, and the score of everybody who was weighed; the highest score wins, ties by rule order."""

    staff_id: UUID
    scores: tuple[tuple[UUID, float], ...]


def choose(rule: Rule, *, turn: int, available: AbstractSet[UUID], open_leads: Mapping[UUID, int]) -> Choice | None:
    """Choose among those who are available and below capacity; None when nobody is.

    `turn` counts the decisions of this rule from 0; it is what round robin and weighted go by.
    """
    able = [c for c in rule.candidates if c.staff_id in available and _has_room(c, open_leads)]
    if not able:
        return None
    scores = {ROUND_ROBIN: _by_turn, WEIGHTED: _by_weight, LEAST_OPEN: _by_load}[rule.strategy](able, turn, open_leads)
    best = max(range(len(able)), key=lambda index: (scores[index], -index))
    pairs = tuple((candidate.staff_id, score) for candidate, score in zip(able, scores, strict=True))
    return Choice(able[best].staff_id, pairs)


def _has_room(candidate: Candidate, open_leads: Mapping[UUID, int]) -> bool:
    return not candidate.capacity or open_leads.get(candidate.staff_id, 0) < candidate.capacity


def _by_turn(able: Sequence[Candidate], turn: int, _open: Mapping[UUID, int]) -> list[float]:
    return [1.0 if index == turn % len(able) else 0.0 for index in range(len(able))]


def _by_weight(able: Sequence[Candidate], turn: int, _open: Mapping[UUID, int]) -> list[float]:
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


def _by_load(able: Sequence[Candidate], _turn: int, open_leads: Mapping[UUID, int]) -> list[float]:
    return [-open_leads.get(c.staff_id, 0) / max(1, c.weight) for c in able]
