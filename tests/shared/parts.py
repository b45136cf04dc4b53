"""A database of its own for the parts of the chassis: the chassis tables and a table of people."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url

from shared import chassis, migrations, rls
from shared.db import Database
from shared.testing import databases
from tests.shared import people


@pytest.fixture(scope="session")
def parts_url(postgres: str, run_folder: Path) -> URL:
    """Return the superuser URL of a fresh database with the tables above."""
    admin = make_url(postgres)
    name = f"parts_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{secrets.token_hex(3)}"
    with databases.locked(run_folder, "parts"):
        migrations.create_database(admin, "parts", "", name=name)
    owner = create_engine(admin.set(drivername="postgresql+psycopg2", username="parts_owner", database=name))
    with owner.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        chassis.create(op)
        for statement in people.TABLES.split(";\n"):
            if statement.strip():
                op.execute(statement)
        rls.protect(op, "person", deletable=True)
        rls.protect(op, "person_token", deletable=True)
    owner.dispose()
    return admin.set(database=name)


@pytest.fixture(scope="session")
def parts(parts_url: URL) -> Iterator[Database]:
    """Return the database as the app role."""
    database = Database(parts_url.set(username="parts_app"), pool_size=40)
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def superuser(parts_url: URL) -> Iterator[Engine]:
    """Return what a wrongdoer with every right would use."""
    engine = create_engine(parts_url.set(drivername="postgresql+psycopg2"))
    yield engine
    engine.dispose()
