"""How somebody is judged: conversion, renewal, referral and NPS by weights; nobody by volume alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MEASURES = ("conversion", "renewal", "referral", "nps")
NPS = "nps"
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Input:
    """What was counted; for nps the numerator is promoters less detractors and may be negative."""

    measure: str
    numerator: int
    denominator: int

    @property
    def rate(self) -> float | None:
        """The share; None without a denominator."""
        return self.numerator / self.denominator if self.denominator else None


def score(inputs: Sequence[Input], weights: Mapping[str, int]) -> float:
    """Return 0 to 100; inputs without a denominator leave their weight to the others."""
    counted = [(weights[each.measure], _share(each)) for each in inputs if each.denominator and weights[each.measure]]
    total = sum(weight for weight, _ in counted)
    return WHOLE * sum(weight * share for weight, share in counted) / total if total else 0.0


def _share(each: Input) -> float:
    share = each.numerator / each.denominator
    share = (share + 1) / 2 if each.measure == NPS else share
    return min(max(share, 0.0), 1.0)
