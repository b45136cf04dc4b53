"""A few lives of the long simulation, and a few planted bugs, so that neither rots unnoticed."""

from __future__ import annotations

import pytest

from shared.db import Database
from shared.testing.fixtures import service_database
from tests.simulation.ledger import live
from tests.simulation.mutants import MUTANTS, hunt

database = service_database("billing")
_COMMANDS = 60
_QUICKLY_FOUND = {"an attendance charges however often it comes", "a debt between campuses in one of both books"}


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_invariant_holds_after_every_command(database: Database, seed: int) -> None:
    outcome = live(database, seed, _COMMANDS)

    assert outcome.failures == []
    assert outcome.commands == _COMMANDS
    assert outcome.done["teach"] > 0


def test_a_seed_lives_the_same_life_again(database: Database) -> None:
    first, second = (live(database, 14, _COMMANDS) for _ in range(2))

    assert (first.done, first.refused) == (second.done, second.refused)


@pytest.mark.parametrize("name", sorted(_QUICKLY_FOUND))
def test_a_planted_bug_is_noticed(database: Database, name: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)

    commands, noticed = hunt(database, mutant)

    assert noticed
    assert commands > 0
