"""Migrated databases of all services, and one small running system, for tests of what must hold everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url

from services.__main__ import names
from shared.testing import databases

Migrated = Callable[[str], Engine]


@pytest.fixture(scope="session")
def migrated(postgres: str, run_folder: Path) -> Iterator[Migrated]:
    """Return a function from a service's name to a superuser engine on its migrated database."""
    engines: dict[str, Engine] = {}
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")

    def engine(service: str) -> Engine:
        if service not in engines:
            app = databases.copy_for(service, f"{worker}_contract", make_url(postgres), run_folder)
            engines[service] = create_engine(superuser(postgres, str(app.database)))
        return engines[service]

    yield engine
    for each in engines.values():
        each.dispose()


def superuser(postgres: str, database: str) -> URL:
    """Return the superuser's URL of a database."""
    return make_url(postgres).set(drivername="postgresql+psycopg2", database=database)


def every_service() -> list[str]:
    """Return the services that this product has; a new one is tested without anybody writing a line."""
    return list(names())
