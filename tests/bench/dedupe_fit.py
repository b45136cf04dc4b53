"""Fit the weights of services/lead/rules/weights.py anew: `DATA=dir python -m tests.bench.dedupe_fit`.

Logistic regression over the codes of each scheme, on the pairs that share a key and touch one half of the entities;
what it prints on the standard error is measured among the other half. Pairs that meet by chance (another phone, another
WeChat id) grow with the square of a chain's size, while families grow with the size: they count as often as they
would be met among SIZE records.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill

from services.lead.rules import matching
from services.lead.rules.adults import Adult
from services.lead.rules.children import Person
from services.lead.rules.comparing import Scheme
from services.lead.rules.sites import Site
from tests.bench import dedupe_data, dedupe_pairs
from tests.bench.dedupe_data import DataSet

SIZE = 100_000
_RIDGE = 1.0
_STEPS = 40
_ENOUGH = 1e-5
_FAMILY = frozenset({"PHONE_AND_NAME", "PHONE_AND_CALL", "PHONE_EQUAL", "PHONE_CLOSE", "SIBLING", "WECHAT_EQUAL"})
_KINDS: dict[str, type] = {"CHILD": Person, "ADULT": Adult, "SITE": Site}

# How often each set of codes was met, and how often it was one party.
Counts = dict[tuple[str, ...], tuple[float, float]]


def main() -> int:
    """Print the module of weights."""
    sets = dedupe_data.load(dedupe_data.folder())
    for name, kind in _KINDS.items():
        mine = [data for data in sets if isinstance(data.records[0], kind)]
        weights = fit(count(matching.SCHEMES[kind], mine))
        sys.stdout.write(f"{name}: dict[str, float] = {{\n{_lines(weights)}}}  # fmt: skip\n")
        matching.SCHEMES[kind].weights.clear()  # type: ignore[attr-defined]
        matching.SCHEMES[kind].weights.update(weights)  # type: ignore[attr-defined]
        for data in mine:
            measured = dedupe_pairs.quality(dedupe_pairs.others(data))
            figures = {key: round(value, 4) for key, value in measured.items()}
            sys.stderr.write(f"{json.dumps({'name': f'{data.name}, other half', **figures})}\n")
    return 0


def _lines(weights: Mapping[str, float]) -> str:
    text = " ".join(f'"{code}":~{weight},' for code, weight in weights.items())
    return fill(text, 120, initial_indent="    ", subsequent_indent="    ").replace("~", " ") + "\n"


def count(scheme: Scheme, sets: Iterable[DataSet]) -> Counts:
    """Return which codes meet in some data sets."""
    found: Counts = {}
    for data in sets:
        truth = dedupe_pairs.true_pairs(data)
        # Three quarters of all pairs for one half of the families.
        by_chance = SIZE / (1.5 * len(data.records)) if isinstance(data.records[0], Person) else 1.0
        for one, two in dedupe_pairs.sharing(data):
            if not any(dedupe_pairs.fitted(data.entities[place]) for place in (one, two)):
                continue
            codes = tuple(sorted(scheme.codes(data.records[two], data.records[one])))
            same = (one, two) in truth
            weight = 1.0 if same or not _FAMILY.isdisjoint(codes) else by_chance
            met, right = found.get(codes, (0.0, 0.0))
            found[codes] = (met + weight, right + weight * same)
    return found


def fit(counts: Counts) -> dict[str, float]:
    """Return the weights of the codes by Newton's method, with a small penalty on large ones."""
    codes = sorted({code for each in counts for code in each})
    place = {code: index for index, code in enumerate(codes, start=1)}
    size = len(codes) + 1
    weights = [0.0] * size
    for _ in range(_STEPS):
        slope = [-_RIDGE * weight if index else 0.0 for index, weight in enumerate(weights)]
        curve = [[_RIDGE * (row == column and row > 0) for column in range(size)] for row in range(size)]
        for some, (met, right) in counts.items():
            places = [0, *(place[code] for code in some)]
            odds = sum(weights[index] for index in places)
            chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
            for row in places:
                slope[row] += right - met * chance
                for column in places:
                    curve[row][column] += met * chance * (1 - chance)
        step = solve(curve, slope)
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _ENOUGH:
            break
    return {name: round(weight, 2) for name, weight in zip(["BASE", *codes], weights, strict=True)}


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return the solution of linear equations (Gauss, with pivots)."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for step in range(size):
        best = max(range(step, size), key=lambda row: abs(rows[row][step]))
        rows[step], rows[best] = rows[best], rows[step]
        for row in range(step + 1, size):
            factor = rows[row][step] / rows[step][step]
            if factor:
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[step], strict=True)]
    found = [0.0] * size
    for step in reversed(range(size)):
        known = sum(rows[step][column] * found[column] for column in range(step + 1, size))
        found[step] = (rows[step][size] - known) / rows[step][step]
    return found


if __name__ == "__main__":
    sys.exit(main())
