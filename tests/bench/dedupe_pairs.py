"""Pairs of labelled records that share a key, and how well they are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from itertools import combinations

from services.lead.rules import matching
from services.lead.rules.matching import Verdict
from tests.bench.dedupe_data import DataSet

Pair = tuple[int, int]
# As in the product: a key with more records than this says nothing.
MOST_PER_KEY = 100


def sharing(data: DataSet) -> list[Pair]:
    """Return the pairs of records that a look-up would bring together, earlier first."""
    by_key: dict[str, list[int]] = {}
    found: set[Pair] = set()
    for place, record in enumerate(data.records):
        for key in matching.keys(record):
            here = by_key.setdefault(key, [])
            found.update((earlier, place) for earlier in here[-MOST_PER_KEY:])
            here.append(place)
    return sorted(found)


def true_pairs(data: DataSet) -> set[Pair]:
    """Return the pairs that are one party, earlier first."""
    of: dict[str, list[int]] = {}
    for place, entity in enumerate(data.entities):
        of.setdefault(entity, []).append(place)
    return {pair for places in of.values() for pair in combinations(places, 2)}


def fitted(entity: str) -> bool:
    """Say whether weights are fitted on an entity; they are measured on the others."""
    return hashlib.sha256(entity.encode()).digest()[0] % 2 == 0


def others(data: DataSet) -> DataSet:
    """Return the records of those entities that no weight is fitted on."""
    kept = [place for place, entity in enumerate(data.entities) if not fitted(entity)]
    return DataSet(data.name, [data.records[place] for place in kept], [data.entities[place] for place in kept])


def quality(data: DataSet) -> dict[str, float]:
    """Return precision, recall and F1 of all that is found, and precision and recall of what merges without asking."""
    truth = true_pairs(data)
    verdicts = {
        (one, two): matching.decide(data.records[two], {one: data.records[one]}).verdict for one, two in sharing(data)
    }
    precision, recall = _rates(verdicts, truth, lambda verdict: verdict != Verdict.NEW)
    auto_precision, auto_recall = _rates(verdicts, truth, lambda verdict: verdict == Verdict.ATTACH)
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "auto_precision": auto_precision,
        "auto_recall": auto_recall,
    }


def _rates(
    verdicts: dict[Pair, Verdict], truth: Iterable[Pair], taken: Callable[[Verdict], bool]
) -> tuple[float, float]:
    wanted = set(truth)
    found = {pair for pair, verdict in verdicts.items() if taken(verdict)}
    right = len(found & wanted)
    return right / max(len(found), 1), right / max(len(wanted), 1)
