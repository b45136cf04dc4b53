"""A database of billing with the checks of the simulation in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from shared.testing import databases
from tests.simulation import checks
from tests.simulation.checks import Checks
from tests.simulation.ledger import connected


@pytest.fixture(scope="session")
def checked(postgres: str, run_folder: Path) -> Iterator[Checks]:
    """Return the checks over a database of their own."""
    admin = make_url(postgres)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    copy = databases.copy_for("billing", f"{worker}_checked", admin, run_folder)
    checks.install(admin.set(database=copy.database), str(copy.username))
    with connected(copy.render_as_string(hide_password=False)) as found:
        yield found
