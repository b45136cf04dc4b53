"""Published vectors of money: allocation, proration, revenue."""

from __future__ import annotations

import json
from pathlib import Path

from tests.oracles.__main__ import FOLDER
from tests.oracles.vectors import outcomes


def test_every_published_vector_is_met() -> None:
    found = list(outcomes(FOLDER))
    assert [
        (outcome.name, outcome.failed, outcome.unread) for outcome in found if outcome.failed or outcome.unread
    ] == []
    assert {each.name: each.line()["passed"] for each in found} == {
        "allocation_vectors.json": 18,
        "proration_killbill.json": 57,
        "revenue_vectors.json": 7,
    }


def test_a_wrong_vector_fails_and_what_no_rule_is_about_is_not_counted_as_passed(tmp_path: Path) -> None:
    allocation = [
        {"method": "largest_remainder", "total": 100, "weights": [1, 1, 1], "expected": [33, 33, 34]},
        {"method": "sainte_lague", "total": 100, "weights": [1, 1, 1], "expected": [34, 33, 33]},
    ]
    cycle = {"period": "monthly", "case": "a.b", "start": "2026-01-01", "end": None, "billing_cycle_day": 1}
    proration = {
        "billing_cycles": [
            {**cycle, "target": "2026-01-31", "cycles": "1.000000000"},
            {**cycle, "target": "2026-02-01", "cycles": "1.000000000"},
        ]
    }
    revenue = [
        {"source": "a", "formula": "second year = 9000*4500/9700", "expected": 4175},
        {"source": "a", "formula": "9000*4500/9700", "expected": 4176},
        {"source": "b", "formula": "sqrt(2)", "expected": 1},
    ]
    for name, rows in {"allocation_x": allocation, "proration_x": proration, "revenue_x": revenue}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    found = {outcome.name: outcome.line() for outcome in outcomes(tmp_path)}
    counts = {name: (line["passed"], line["failed"], line["unread"]) for name, line in found.items()}
    assert counts == {"allocation_x.json": (0, 1, 1), "proration_x.json": (1, 1, 0), "revenue_x.json": (1, 1, 1)}
