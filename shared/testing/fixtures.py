"""Fixtures of all tests. Each test has an institution of its own, so committed rows never meet.

Databases are built by the real migrations once per run, as templates, and copied per xdist worker; tests run as the
app role, so row-level security is on everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from shared import postgres as embedded
from shared.caller import Caller
from shared.db import Database, Tx
from shared.ids import uuid7
from shared.testing import databases, leftovers


def pytest_sessionstart() -> None:
    """End what a killed run left behind."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        leftovers.sweep()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End this run's PostgreSQL; the workers of xdist are done when their controller gets here."""
    if not os.environ.get("PYTEST_XDIST_WORKER"):
        factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001 - the only way outside a fixture
        embedded.remove(factory.getbasetemp() / "postgres")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> str:
    """Return the superuser URL of a real PostgreSQL; the embedded one unless LIANXIAO_DATABASE_URL is given."""
    url = databases.server(run_folder)
    leftovers.own(run_folder / "postgres", os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid())
    return url


def service_database(service: str, build: databases.Build | None = None) -> Callable[..., Iterator[Database]]:
    """Return a session fixture with the migrated database of one service, for a conftest.py of one line."""

    @pytest.fixture(scope="session", name="database")
    def database(postgres: str, run_folder: Path) -> Iterator[Database]:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        url = databases.copy_for(service, worker, make_url(postgres), run_folder, build)
        instance = Database(url, pool_size=40)
        yield instance
        instance.dispose()

    return database


@pytest.fixture
def institution() -> UUID:
    """Return an institution that only this test knows."""
    return uuid7()


@pytest.fixture
def other_institution() -> UUID:
    """Return a second institution, for borders."""
    return uuid7()


@pytest.fixture
def caller(institution: UUID) -> Caller:
    """Return the system caller of the test's institution."""
    return Caller.system(institution)


@pytest.fixture
def tx(database: Database, caller: Caller) -> Iterator[Tx]:
    """Return a transaction that is rolled back after the test."""
    with database.begin(caller, keep=False) as transaction:
        yield transaction
