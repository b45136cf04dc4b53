"""What the days of somebody and the places of two meetings should look like: soft, so that every plan can be costed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class WishKind(IntEnum):
    """What is counted of a resource; numbers are columns of the search's tables. All but the first three are by day."""

    # In the week: free periods between two meetings of a day, days with a meeting, periods that days begin too late by.
    MOST_GAPS_A_WEEK = 0
    MOST_DAYS = 1
    MOST_LATE_BEGINNINGS = 2
    MOST_GAPS_A_DAY = 3
    # Of days with a meeting, and of every day that has so many free periods.
    LEAST_A_DAY = 4
    LEAST_EVERY_DAY = 5
    MOST_A_DAY = 6
    MOST_IN_A_ROW = 7
    # From the first meeting of a day to the end of its last.
    MOST_SPAN = 8
    LEAST_DAYS = 9


@dataclass(frozen=True, slots=True)
class Wish:
    """A limit for a resource; each unit beyond costs the weight. Blocked periods are no gaps and no late beginning."""

    kind: WishKind
    limit: int
    weight: int


class TieKind(IntEnum):
    """How two meetings should lie to each other; with an amount where there is one. APART may be hard."""

    # At least so many days apart; at most so many.
    APART = 0
    WITHIN = 1
    SAME_START = 2
    SAME_DAY = 3
    SAME_HOUR = 4
    # On one day: next to each other; with so many periods between.
    TOUCHING_IF_SAME_DAY = 5
    GAP_IF_SAME_DAY = 6
    # Next to each other, in any order; the second right after the first.
    TOUCHING = 7
    FOLLOWED = 8
    # The first ends before the second begins; only of one day.
    BEFORE = 9
    BEFORE_IF_SAME_DAY = 10
    NOT_AT_ONCE = 11


@dataclass(frozen=True, slots=True)
class Tie:
    """A wish about two meetings; breaking it costs the weight."""

    first: int
    second: int
    kind: TieKind
    weight: int
    amount: int = 0
