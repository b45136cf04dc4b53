"""Create a service's database and roles, and bring its schema up or down with Alembic.

Two roles per service: `<service>_owner` migrates, `<service>_app` runs. Neither is a superuser.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL

from shared.settings import settings


def migrate(service: str) -> None:
    """Create what is missing, then upgrade to the newest version; safe to run again and by several at once."""
    create_database(settings().admin_url(), service, settings().app_password)
    upgrade(service, settings().role_url(service, "owner"))


def create_database(admin: URL, service: str, password: str, name: str = "") -> None:
    """Create both roles and the service's database (or one of another name) unless they are there."""
    engine = create_engine(admin.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    name = name or settings().database_name(service)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(hashtext('lianxiao roles'))"))
        for role in ("owner", "app"):
            _create_role(connection, f"{service}_{role}", password)
        exists = connection.execute(text("select 1 from pg_database where datname = :name"), {"name": name}).scalar()
        if not exists:
            connection.execute(text(f'create database "{name}" owner "{service}_owner"'))
            connection.execute(text(f'revoke all on database "{name}" from public'))
            connection.execute(text(f'grant connect on database "{name}" to "{service}_app"'))
    engine.dispose()


def _create_role(connection: Connection, role: str, password: str) -> None:
    if connection.execute(text("select 1 from pg_roles where rolname = :role"), {"role": role}).scalar():
        return
    rights = "login nosuperuser nocreatedb nocreaterole nobypassrls"
    quoted = connection.execute(text("select quote_literal(:password)"), {"password": password}).scalar_one()
    connection.execute(text(f'create role "{role}" {rights}' + (f" password {quoted}" if password else "")))


def config_for(service: str) -> Config:
    """Return the Alembic configuration of a service; its versions lie in services/<service>/migrations/versions."""
    folder = Path(importlib.import_module(f"services.{service}").__path__[0]) / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("version_locations", str(folder / "versions"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(service: str, owner: URL, revision: str = "head") -> None:
    """Upgrade a database to a revision as its owner role."""
    _run(service, owner, revision, up=True)


def downgrade(service: str, owner: URL, revision: str = "base") -> None:
    """Downgrade a database to a revision as its owner role."""
    _run(service, owner, revision, up=False)


def _run(service: str, owner: URL, revision: str, *, up: bool) -> None:
    config = config_for(service)
    script = ScriptDirectory.from_config(config)

    def steps(current: str | None, _context: MigrationContext) -> object:
        if up:
            return script._upgrade_revs(revision, current or ())  # type: ignore[arg-type]  # noqa: SLF001 - Alembic's own env.py calls it so
        return script._downgrade_revs(revision, current)  # noqa: SLF001 - as above

    engine = create_engine(owner.set(drivername="postgresql+psycopg2"))
    with engine.begin() as connection, EnvironmentContext(config, script, fn=steps) as environment:
        connection.execute(text("set local lock_timeout = '5s'"))
        connection.execute(text("select pg_advisory_xact_lock(hashtext('lianxiao migrate'))"))
        environment.configure(connection=connection)
        environment.run_migrations()
    engine.dispose()
