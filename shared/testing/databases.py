"""Real databases for tests: one server per run, one template per service, one copy per worker."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from shared import migrations, postgres

Build = Callable[[Operations], None]


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock that all processes of this run see."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def server(folder: Path) -> str:
    """Return the superuser URL of the run's PostgreSQL, started on first use; secrets for tests are made here too."""
    provide_secrets(folder)
    given = os.environ.get("LIANXIAO_DATABASE_URL")
    with locked(folder, "postgres"):
        url = given or postgres.ensure(folder / "postgres", durable=False)
    os.environ["LIANXIAO_DATABASE_URL"] = url
    return url


def provide_secrets(folder: Path) -> None:
    """Make keys for this run and point the settings at them."""
    from shared.testing import secrets_for_tests  # noqa: PLC0415 - needs cryptography only here

    with locked(folder, "secrets"):
        secrets_for_tests.provide(folder / "secrets")


def copy_for(service: str, worker: str, admin: URL, folder: Path, build: Build | None = None) -> URL:
    """Return the app-role URL of a fresh, migrated database of one service for one worker.

    `build` takes the place of the service's migrations; the chassis tests have no service.
    """
    run = folder.name.replace("-", "_")
    template = f"lx_{run}_{service}"
    name = f"{template}_{worker}_{secrets.token_hex(3)}"
    engine = create_engine(admin.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with locked(folder, f"template_{service}"), engine.connect() as connection:
        if not connection.execute(text("select 1 from pg_database where datname = :n"), {"n": template}).scalar():
            migrations.create_database(admin, service, "", name=template)
            _fill(service, admin.set(username=f"{service}_owner", database=template), build)
        connection.execute(text(f'create database "{name}" template "{template}" owner "{service}_owner"'))
        connection.execute(text(f'grant connect on database "{name}" to "{service}_app"'))
    engine.dispose()
    return admin.set(username=f"{service}_app", database=name)


def _fill(service: str, owner: URL, build: Build | None) -> None:
    if build is None:
        migrations.upgrade(service, owner)
        return
    engine = create_engine(owner.set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection:
        build(Operations(MigrationContext.configure(connection)))
    engine.dispose()
