"""Published vectors of money, computed by the product's own rules: allocation, proration, revenue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from services.billing.rules import lots, proration
from services.billing.rules.lots import LotState
from shared.money import allocate, round_half_up

MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "BIANNUAL": 6, "ANNUAL": 12}
# Of tests with two legs the transcription gives the first leg the figure of the second, because the published test
# assigns `expectedValue` twice. Keyed by period, test and billed days; the figures are those of the published tests.
MISPRINTED = {
    ("MONTHLY", "testSinglePlan_ChangeBCDTo31", "2011-02-01"): ["13/28"],
    ("MONTHLY", "testSinglePlan_ChangeBCD", "2011-02-01"): ["13/28"],
    ("MONTHLY", "testPlanChange_AfterBillingDay", "2011-02-07"): ["1", "3/31"],
    ("MONTHLY", "testPlanChange_DoubleProRation", "2011-01-31"): ["7/31", "1", "3/31"],
    ("QUARTERLY", "testSinglePlan_WithPhaseChange", "2011-02-10"): ["14/89"],
    ("QUARTERLY", "testSinglePlan_WithPhaseChange_OnBillCycleDay", "2011-02-03"): ["14/89"],
    ("QUARTERLY", "testSinglePlan_WithPhaseChange_AfterBillCycleDay", "2011-02-03"): ["14/89"],
    ("QUARTERLY", "testSinglePlan_ChangeBCDTo31", "2011-02-01"): ["13/89"],
    ("QUARTERLY", "testSinglePlan_ChangeBCD", "2011-02-01"): ["13/89"],
    ("QUARTERLY", "testPlanChange_AfterBillingDay", "2011-02-07"): ["1", "3/92"],
    ("QUARTERLY", "testPlanChange_DoubleProRation", "2011-01-31"): ["66/90", "33/91"],
}
_NUMBER = r"(\d+(?:\.\d+)?)"


@dataclass(slots=True)
class Outcome:
    """What became of the vectors of one file; `unread` are those that no rule of ours is about, with why."""

    name: str
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    misprinted: list[str] = field(default_factory=list)

    def line(self) -> dict[str, object]:
        """Return it as it is printed."""
        counts = {"passed": self.passed, "failed": len(self.failed), "unread": len(self.unread)}
        said = {"failures": self.failed} if self.failed else {}
        return {"name": self.name, **counts, "misprinted": len(self.misprinted), **said}

    def compare(self, vector: str, expected: object, computed: object) -> None:
        """Count a vector that a rule was asked for."""
        if expected == computed:
            self.passed += 1
        else:
            self.failed.append(f"{vector}: expected {expected}, computed {computed}")


def outcomes(folder: Path) -> Iterator[Outcome]:
    """Compute every file of vectors in a folder and those below it, by the beginning of its name."""
    for path in sorted(folder.rglob("*.json")):
        check = next((each for start, each in _KINDS.items() if path.name.startswith(start)), None)
        if check is not None:
            outcome = Outcome(path.name)
            check(json.loads(path.read_text()), outcome)
            yield outcome


def _allocation(rows: list[dict[str, Any]], outcome: Outcome) -> None:
    for row in rows:
        told = f"{row['total']} by {row['weights']}"
        if row.get("method") != "largest_remainder":
            outcome.unread.append(f"{told}: {row.get('method')}")
            continue
        parties = {f"{index:06}": Fraction(str(weight)) for index, weight in enumerate(row["weights"])}
        outcome.compare(told, row["expected"], list(allocate(row["total"], parties).values()))


def _proration(rows: dict[str, Any], outcome: Outcome) -> None:
    for row in rows.get("billing_cycles", []):
        period = row["period"].upper()
        told = f"{period} {row['case']} {row['start']}..{row['end']} by {row['target']}"
        if period not in MONTHS:
            outcome.unread.append(told)
            continue
        legs = proration.cycles(
            date.fromisoformat(row["start"]),
            date.fromisoformat(row["end"]) if row["end"] else None,
            target=date.fromisoformat(row["target"]),
            cycle_day=row["billing_cycle_day"],
            months=MONTHS[period],
        )
        published = MISPRINTED.get((period, row["case"].rpartition(".")[2], row["start"])) if row["end"] else None
        expected = sum(_nine(Fraction(leg)) for leg in published) if published else Decimal(row["cycles"])
        if expected != Decimal(row["cycles"]):
            outcome.misprinted.append(told)
        outcome.compare(told, expected, sum(_nine(Fraction(leg)) for leg in legs))
    for row in rows.get("fractions", []):
        _fraction(row, outcome)


def _fraction(row: dict[str, Any], outcome: Outcome) -> None:
    ends = "endDate" in row
    names = ("previousBillThroughDate", "endDate") if ends else ("startDate", "nextBillingCycleDate")
    start, end = (date.fromisoformat(row[name]) for name in names)
    rule = proration.after_last_cycle if ends else proration.before_first_cycle
    month_days = row["fixed_days"] or 0
    share = rule(start, end, months=MONTHS[row["period"]], month_days=month_days)
    outcome.compare(f"{row['fn']} {start}..{end} of {month_days}", Decimal(row["fraction"]), _nine(share))


def _revenue(rows: list[dict[str, Any]], outcome: Outcome) -> None:
    for row in rows:
        told, formula = f"{row['source']}: {row['formula']}", _plain(row["formula"])
        for shape, rule in _SHAPES.items():
            if found := re.fullmatch(shape, formula):
                outcome.compare(told, row["expected"], rule(*(Fraction(number) for number in found.groups())))
                break
        else:
            outcome.unread.append(told)


def _card(used: Fraction, unused: Fraction, _used: Fraction, redeemed: Fraction, vat: Fraction) -> int:
    """Return the revenue of stored-value cards of which a part is never redeemed, without value-added tax."""
    net_fen = proration.prorate(int(100 * (redeemed + unused)), 100, 100 + vat).due_fen
    return round_half_up(Fraction(_taken(net_fen, redeemed, Fraction(0), used), 100))


def _points(total: Fraction, used: Fraction, expected: Fraction, before: Fraction = Fraction(0)) -> int:
    """Return the revenue of points whose expected use was estimated anew: what has left already is taken off."""
    return _taken(int(total), expected, before, used)


def _gift(net: Fraction, paid: Fraction, _net: Fraction, gift: Fraction) -> list[int]:
    """Return what goods and the points given with them are worth, of one price."""
    given = {"net_fen": int(net), "hundredths": int(paid), "gift_hundredths": int(gift)}
    return list(lots.opening_totals(**given, policy=lots.DILUTED))


def _change(old: Fraction, part: Fraction, whole: Fraction, new: Fraction) -> int:
    """Return what a change of price costs for the part of the period that is left."""
    taken, given = (proration.prorate(int(100 * price), part, whole).due_fen for price in (new, old))
    return round_half_up(Fraction(taken - given, 100))


def _taken(total_fen: int, quantity: Fraction, released_fen: Fraction, used: Fraction) -> int:
    """Return the fen that leave a lot when all that was used of it is used; quantities are whole."""
    nobody, moment = UUID(int=0), datetime(2026, 1, 1, tzinfo=UTC)
    lot = LotState(
        id=nobody,
        kind=lots.PAID,
        quantity_hundredths=int(quantity),
        remaining_hundredths=int(quantity),
        total_fen=total_fen,
        released_fen=int(released_fen),
        start_date=None,
        expire_date=None,
        contract_time=moment,
        order_id=nobody,
        campus_id=nobody,
        advisor_id=None,
        channel="",
    )
    return lots.amount_of(lot, int(used))


def _plain(formula: str) -> str:
    """Return a formula without the words before `=` and the remark after it."""
    return re.sub(r"\s|\([^()]*[a-z][^()]*\)$", "", formula.rpartition("=")[2])


def _nine(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("1e-9"), ROUND_HALF_UP)


_SHAPES: dict[str, Callable[..., object]] = {
    rf"\({_NUMBER}\+{_NUMBER}\*{_NUMBER}/{_NUMBER}\)/\(1\+{_NUMBER}%\)": _card,
    rf"{_NUMBER}\*{_NUMBER}/{_NUMBER}": _points,
    rf"{_NUMBER}\*{_NUMBER}/{_NUMBER}-{_NUMBER}": _points,
    rf"{_NUMBER}\*{_NUMBER}/\d+;{_NUMBER}\*{_NUMBER}/\d+": _gift,
    rf"-{_NUMBER}\*{_NUMBER}/{_NUMBER}\+{_NUMBER}\*\d+/\d+": _change,
    rf"\({_NUMBER}-{_NUMBER}\)/{_NUMBER}": lambda new, old, whole: _change(old, Fraction(1), whole, new),
}
_KINDS: dict[str, Callable[[Any, Outcome], None]] = {
    "allocation": _allocation,
    "proration": _proration,
    "revenue": _revenue,
}
