"""What it takes to compare records of one kind: the keys that find them, the levels that weigh them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Codes = list[str]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How records of one kind are found and weighed.

    `keys` are those under which a record is looked up; two records of one party share at least one, nearly always.
    `codes` are the levels that two records reach, one for each field and one for each telling combination; a code's
    weight is its log-odds. `support` are the codes of which one must be there before a person is asked (none: any will
    do); `settled` says of codes whether the machine may merge by itself.
    """

    keys: Callable[[Any], list[str]]
    codes: Callable[[Any, Any], Codes]
    weights: Mapping[str, float]
    support: frozenset[str]
    settled: Callable[[Codes], bool]
    review_at: float
    attach_at: float
