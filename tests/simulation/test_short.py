"""A few lives of the long simulation, and a few planted bugs, so that neither rots unnoticed."""

from __future__ import annotations

import pytest

from tests.billing import factories
from tests.simulation.checks import Checks
from tests.simulation.ledger import check, live
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.world import Violation, World

_COMMANDS = 60
_QUICKLY_FOUND = {"an attendance charges however often it comes", "a debt between campuses in one of both books"}


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_invariant_holds_after_every_command(checked: Checks, seed: int) -> None:
    outcome = live(checked, seed, _COMMANDS)

    assert outcome.failures == []
    assert outcome.commands == _COMMANDS
    assert outcome.done["teach"] > 0


def test_a_seed_lives_the_same_life_again(checked: Checks) -> None:
    first, second = (live(checked, 14, _COMMANDS) for _ in range(2))

    assert (first.done, first.refused) == (second.done, second.refused)


@pytest.mark.parametrize("name", sorted(_QUICKLY_FOUND))
def test_a_planted_bug_is_noticed(checked: Checks, name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)

    commands, noticed = hunt(checked, mutant)

    assert noticed
    assert commands > 0


@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        ("lot", "remaining_hundredths = remaining_hundredths - 1", "remaining hours are its quantity"),
        ("sales_order", "paid_fen = paid_fen - 1", "payments are what it counts as paid"),
    ],
)
def test_a_row_that_anybody_changes_is_asked_about(checked: Checks, table: str, change: str, sentence: str) -> None:
    world = World(checked.database, 1)
    with world.begin() as tx:
        factories.paid_order(tx, campus_id=world.campuses[0])
    check(checked, world)
    with world.begin() as tx:
        tx.run(f"update {table} set {change}")  # noqa: S608 - a constant above

    with pytest.raises(Violation, match=sentence):
        check(checked, world)


def test_what_is_taken_back_need_not_be_asked_about(checked: Checks) -> None:
    world = World(checked.database, 1)
    check(checked, world)
    with world.database.begin(world.caller, now=world.now, keep=False) as tx:
        factories.paid_order(tx, campus_id=world.campuses[0])

    assert check(checked, world) == frozenset()


def test_what_only_reads_leaves_nothing_to_ask(checked: Checks) -> None:
    world = World(checked.database, 1)
    with world.begin() as tx:
        factories.paid_order(tx, campus_id=world.campuses[0])

    assert {"lot", "payment", "journal_line", "ledger_account"} <= check(checked, world)
    assert check(checked, world) == frozenset()
