"""Is it the same party? Keys that find who might be, evidence that weighs them, and the decision."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Generic, TypeVar

from services.lead.rules import adults, children, sites
from services.lead.rules.adults import Adult
from services.lead.rules.children import Person
from services.lead.rules.comparing import Scheme
from services.lead.rules.sites import Site

Record = Person | Adult | Site
Id = TypeVar("Id", bound=Hashable)
R = TypeVar("R", Person, Adult, Site)

SCHEMES: dict[type, Scheme] = {Person: children.SCHEME, Adult: adults.SCHEME, Site: sites.SCHEME}
# More records than this that are one and the same, as it seems: a person looks at them before the machine adds another.
LARGEST_CLUSTER = 4


class Verdict(StrEnum):
    """What to do with an enquiry."""

    NEW = "new"
    REVIEW = "review"
    ATTACH = "attach"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What two records say about being one party: probability and its reasons (code, log-odds), strongest first."""

    score: float
    reasons: tuple[tuple[str, float], ...]
    # Strong enough, and nothing in it forbids the machine to decide: no person need be asked.
    certain: bool
    # Something other than a common name in one campus speaks for it, strongly enough to ask a person.
    likely: bool


@dataclass(frozen=True, slots=True)
class Decision(Generic[Id]):
    """The verdict on an enquiry and, unless it is new, the record that it resembles most."""

    verdict: Verdict
    match: Id | None = None
    evidence: Evidence | None = None


def keys(record: Record) -> list[str]:
    """Return the keys under which a record is found; two records of one party share at least one, nearly always."""
    return list(_keys(record))


# A capture asks for those of one person thrice.
@lru_cache(maxsize=1024)
def _keys(record: Record) -> tuple[str, ...]:
    return tuple(dict.fromkeys(SCHEMES[type(record)].keys(record)))


def weigh(new: Record, known: Record) -> Evidence:
    """Compare two records of one kind."""
    scheme = SCHEMES[type(new)]
    weights, codes = scheme.weights, scheme.codes(new, known)
    supported = not scheme.support or not scheme.support.isdisjoint(codes)
    score = 1 / (1 + math.exp(-weights["BASE"] - sum(weights.get(code, 0.0) for code in codes)))
    telling = [(code, weights.get(code, 0.0)) for code in codes if not code.endswith("_MISSING")]
    return Evidence(
        score=score,
        reasons=tuple(sorted(telling, key=lambda reason: -abs(reason[1]))),
        certain=score >= scheme.attach_at and scheme.settled(codes),
        likely=score >= (scheme.review_at if supported else scheme.attach_at),
    )


def closest(new: R, records: Iterable[R]) -> R:
    """Return that one of several records of one party which a new one resembles most; there must be one."""

    def rank(record: R) -> tuple[bool, float]:
        evidence = weigh(new, record)
        return evidence.certain, evidence.score

    return max(records, key=rank)


def decide(new: Record, known: Mapping[Id, Record]) -> Decision[Id]:
    """Choose among the records that share a key.

    What is certain attaches without asking: the same phone and name, or as much that is the same otherwise. Brothers
    and sisters share the phone but not the given name: they stay apart, and only a resemblance beyond the phone is
    shown to a person. So is a match that would make a cluster larger than LARGEST_CLUSTER.
    """
    weighed = {each: weigh(new, record) for each, record in known.items()}
    if not weighed:
        return Decision(Verdict.NEW)
    best = max(weighed, key=lambda each: (weighed[each].certain, weighed[each].score))
    evidence = weighed[best]
    crowd = sum(each.certain for each in weighed.values())
    if evidence.certain and crowd < LARGEST_CLUSTER:
        return Decision(Verdict.ATTACH, best, evidence)
    if evidence.certain or evidence.likely:
        return Decision(Verdict.REVIEW, best, evidence)
    return Decision(Verdict.NEW, None, evidence)
