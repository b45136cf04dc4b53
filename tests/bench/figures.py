"""A measured figure, and how runs of two programs are set side by side."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of `make bench`. `limit` is what the same machine does at best, in the same unit and the same run.

    The bar `need` is for the ratio to the limit, or, with `absolute`, for the value itself; with `at_most` a greater
    figure is a worse one.
    """

    name: str
    value: float
    unit: str
    limit: float
    need: float
    absolute: bool = False
    at_most: bool = False

    @property
    def ratio(self) -> float:
        """Return the part of the limit that is reached."""
        return self.value / self.limit if self.limit else 0.0

    @property
    def ok(self) -> bool:
        """Say whether the bar is met."""
        judged = self.value if self.absolute else self.ratio
        return judged <= self.need if self.at_most else judged >= self.need

    def line(self) -> str:
        """Return the figure as one line of JSON."""
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 1),
                "unit": self.unit,
                "limit": round(self.limit, 1),
                "ratio": round(self.ratio, 3),
                "need": self.need,
                "ok": self.ok,
            }
        )


def side_by_side(first: Callable[[], float], second: Callable[[], float], repetitions: int) -> tuple[float, float]:
    """Run both in turn, so that what disturbs one disturbs the other, and return the median of each."""
    pairs = [(first(), second()) for _ in range(repetitions)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)
