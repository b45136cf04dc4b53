"""The short form of `make replay-ledger`."""

from __future__ import annotations

from shared.db import Database
from shared.testing.fixtures import service_database
from tests.simulation.replay import replay

database = service_database("billing")


def test_a_command_that_is_repeated_is_answered_as_before_and_an_altered_one_refused(database: Database) -> None:
    outcome = replay(database, commands=90, seed=3)

    assert outcome.commands >= 90
    assert outcome.is_clean, outcome
