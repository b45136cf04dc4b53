"""Bugs that are planted one at a time; the simulation must notice each of them.

`make mutants-ledger` prints one JSON object a line: which bug, after how many commands it was noticed, and by what.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from services.billing.actions import cash_splits, consumptions, coupons, payments, refunds, restorations, rulebooks
from services.billing.actions import lots as lots_written
from services.billing.rules import custody, lots, postings
from services.billing.rules import pay_plans as pay_rules
from services.billing.rules import refunds as refund_rules
from services.billing.rules import splits as split_rules
from shared.db import Tx
from shared.money import round_half_up
from tests.simulation.checks import Checks
from tests.simulation.ledger import live, standing_checks

_SEEDS = 60
_COMMANDS = 60
_HOUR = 100


class _Anything:
    """Equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


Plant = Callable[[Any], Any]


@dataclass(frozen=True)
class Mutant:
    """A bug by name: where it is planted, and what makes it out of the sound thing that stood there."""

    name: str
    target: Any
    attribute: str
    plant: Plant

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the bug for the length of a block."""
        with patch.object(self.target, self.attribute, self.plant(getattr(self.target, self.attribute))):
            yield


def _rounded_each(_: Any) -> Any:
    def amount_of(lot: lots.LotState, hundredths: int) -> int:
        amount = round_half_up(Fraction(lot.total_fen * hundredths, lot.quantity_hundredths))
        return min(amount, lot.total_fen - lot.released_fen)

    return amount_of


def _first_come(_: Any) -> Any:
    def allocate(total: int, weights: Mapping[str, int]) -> dict[str, int]:
        whole = sum(weights.values())
        parts = {name: total * weight // whole if whole else 0 for name, weight in weights.items()}
        for name in list(parts)[: total - sum(parts.values())]:
            parts[name] += 1
        return parts

    return allocate


def _by_float(_: Any) -> Any:
    def allocate(total: int, weights: Mapping[str, int]) -> dict[str, int]:
        whole = sum(weights.values())
        return {name: round(total * weight / whole) if whole else 0 for name, weight in weights.items()}

    return allocate


def _another_attendance(parse: Any) -> Any:
    return lambda event: parse(event)._replace(attendance_id=uuid4())


def _an_hour_more(parse: Any) -> Any:
    def mutant(event: Any) -> Any:
        attendance = parse(event)
        return attendance._replace(charge_hundredths=attendance.charge_hundredths + _HOUR)

    return mutant


def _taught_where_sold(parts: Any) -> Any:
    return lambda charge, attendance, rules, day: parts(
        charge, attendance._replace(campus_id=charge.lot.campus_id), rules, day
    )


def _any_transaction(take_notice: Any) -> Any:
    def mutant(tx: Tx, provider: str, notice: Any) -> Any:
        pending = "update payment_intent set state = 'pending' where reference = %(reference)s"
        tx.run(pending, {"reference": notice.reference})
        return take_notice(tx, provider, replace(notice, transaction_id=uuid4().hex))

    return mutant


def _twice(pay: Any) -> Any:
    def mutant(*arguments: Any) -> None:
        pay(*arguments)
        pay(*arguments)

    return mutant


def _used_again(usable: Any) -> Any:
    def mutant(tx: Tx, codes: Any, customer_id: Any, *, for_update: bool) -> Any:
        for code in codes:
            tx.run("update coupon set quote_id = null, state = 'claimed' where code = %s", (code,))
        return usable(tx, codes, customer_id, for_update=for_update)

    return mutant


def _always_on_credit(grow_for: Any) -> Any:
    def mutant(*arguments: Any, on_credit: bool) -> Any:
        del on_credit
        return grow_for(*arguments, on_credit=True)

    return mutant


def _without_entries(statements: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in statements if each != lots_written.ENTRIES_SQL)


def _silent(_: Any) -> Any:
    def announce(tx: Tx, lot_ids: Any) -> None:
        pass

    return announce


def _gift_as_money(of_line: Any) -> Any:
    def mutant(line: Any, basis: Any) -> Any:
        gift = line.gift_left_hundredths * line.left_fen // max(1, line.remaining_hundredths)
        return of_line(line, basis) + gift

    return mutant


def _a_day_later(day: Any) -> Any:
    return lambda rules, campus_id, instant: day(rules, campus_id, instant + timedelta(days=1))


def _without_floor(_: Any) -> Any:
    return lambda line, basis: line.paid_fen - line.before_fen - line.moved_fen - refund_rules._consumed(line, basis)  # noqa: SLF001 - the bug stands beside it


def _nothing(_: Any) -> Any:
    return lambda *_: []


def _no_claw_back(_: Any) -> Any:
    return lambda *_, **__: []


def _each_instalment(receive: Any) -> Any:
    def mutant(*arguments: Any) -> Any:
        with patch.object(cash_splits, "_standing", lambda *_: cash_splits._Standing()):  # noqa: SLF001 - the bug needs it
            return receive(*arguments)

    return mutant


def _behind_the_edge(_: Any) -> Any:
    def tier_of(plan: Any, lessons: Any) -> Any:
        total = sum(lesson.heads if plan.measure == "heads" else lesson.hours_hundredths for lesson in lessons)
        return next((tier for tier in reversed(plan.tiers) if tier.from_quantity < total), plan.tiers[0])

    return tier_of


def _all_that_is_there(_: Any) -> Any:
    def plan(entries: Any, balances: Mapping[Any, int]) -> custody.Plan:
        del entries
        whole = [custody.Earned(None, key, custody.REST, 0, amount) for key, amount in balances.items() if amount]
        return custody.Plan(whole, [])

    return plan


def _whatever_its_state(statement: str) -> str:
    return statement.replace("and state in ('consumed', 'uncovered')", "")


def _any_currency(_: Any) -> Any:
    return _Anything()


MUTANTS: tuple[Mutant, ...] = (
    Mutant("each hour rounded by itself", lots, "amount_of", _rounded_each),
    Mutant("the spare fen to whoever comes first", split_rules, "allocate", _first_come),
    Mutant("parts by floating point", split_rules, "allocate", _by_float),
    Mutant("a notice posts however often it comes", payments, "take_notice", _any_transaction),
    Mutant("an attendance charges however often it comes", consumptions, "_parse", _another_attendance),
    Mutant("one hour too many", consumptions, "_parse", _an_hour_more),
    Mutant("a debt between campuses in one of both books", postings, "_owed", _nothing),
    Mutant("the campus that sold earns what another taught", consumptions, "_parts", _taught_where_sold),
    Mutant("a refund below zero", refund_rules, "_of_line", _without_floor),
    Mutant("commissions stay where the money went back", cash_splits, "give_back", _no_claw_back),
    Mutant("pay that stays when the attendance is taken back", restorations, "_let_pay", _nothing),
    Mutant("a tier of pay that begins behind its edge", pay_rules, "tier_of", _behind_the_edge),
    Mutant("custody released without consumption", custody, "plan", _all_that_is_there),
    Mutant("commission rounded per instalment", cash_splits, "receive", _each_instalment),
    Mutant("a refund paid twice", refunds, "_close", _twice),
    Mutant("an attendance taken back twice", restorations, "_RESTORE", _whatever_its_state),
    Mutant("a day off", rulebooks.Rules, "day", _a_day_later),
    Mutant("another currency taken for ours", payments, "CURRENCY", _any_currency),
    Mutant("a coupon used twice", coupons, "usable", _used_again),
    Mutant("hours opened before they are paid", lots_written, "grow_for", _always_on_credit),
    Mutant("a lot that changes and nobody is told", lots_written, "announce", _silent),
    Mutant("an entry that is missing", consumptions, "_WRITE", _without_entries),
    Mutant("given hours go back as money", refund_rules, "_of_line", _gift_as_money),
)


def hunt(checked: Checks, mutant: Mutant) -> tuple[int, str]:
    """Return after how many commands a bug was noticed and by what; an empty text where it never was."""
    commands = 0
    with mutant.planted():
        for seed in range(1, _SEEDS + 1):
            outcome = live(checked, seed, _COMMANDS)
            commands += outcome.commands
            if outcome.failures:
                return commands, outcome.failures[0].splitlines()[0]
    return commands, ""


def main() -> int:
    """Plant every bug and say which were noticed."""
    survived = 0
    with standing_checks() as checked:
        for mutant in MUTANTS:
            commands, noticed = hunt(checked, mutant)
            survived += not noticed
            figures = {"mutant": mutant.name, "killed": bool(noticed), "commands": commands, "by": noticed}
            sys.stdout.write(f"{json.dumps(figures, ensure_ascii=False)}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{json.dumps({'killed': len(MUTANTS) - survived, 'of': len(MUTANTS)})}\n")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
