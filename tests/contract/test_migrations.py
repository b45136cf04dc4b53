"""Every schema goes up, down and up again, and holds what the models say."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.engine import URL, make_url

from shared import migrations
from shared.ids import uuid7
from tests.contract.conftest import Migrated
from tests.contract.naming import CHASSIS, every_service

# Everything that a migration can leave behind, or make differently the second time.
_SCHEMA = """
select 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
  from information_schema.columns where table_schema = 'public'
union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0
union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'policy', tablename || '.' || policyname, concat(permissive, cmd, qual, with_check)
  from pg_policies where schemaname = 'public'
union all select 'grant', relname, relacl::text || relrowsecurity || relforcerowsecurity
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
union all select 'function', proname, md5(prosrc) from pg_proc where pronamespace = 'public'::regnamespace
union all select 'trigger', tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all select 'type', typname, typtype::text from pg_type where typnamespace = 'public'::regnamespace
  and typtype <> 'c' and typelem = 0"""
_OF_ALEMBIC = "alembic_version"
# Written and read by statements of their own; or left for the version before, which a trigger carries over.
WITHOUT_MODEL = {"notification": {"feed"}, "lead": {"sales_policy"}}


@pytest.fixture(params=every_service())
def empty(request: pytest.FixtureRequest, postgres: str) -> Iterator[tuple[str, URL]]:
    """Return a service and the owner's URL of an empty database of it."""
    admin = make_url(postgres)
    name = f"lx_{request.param}_{uuid7().hex[-12:]}"
    migrations.create_database(admin, request.param, "", name=name)
    yield request.param, admin.set(username=f"{request.param}_owner", database=name)
    engine = create_engine(admin.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'drop database "{name}" with (force)'))
    engine.dispose()


def schema(owner: URL) -> set[tuple[str, ...]]:
    """Return all that is in a database, as comparable rows."""
    engine = create_engine(owner.set(drivername="postgresql+psycopg2"))
    with engine.connect() as connection:
        rows = {tuple(map(str, row)) for row in connection.execute(text(_SCHEMA))}
    engine.dispose()
    return {row for row in rows if not row[1].startswith(_OF_ALEMBIC)}


def test_the_schema_goes_up_down_and_up_again(empty: tuple[str, URL]) -> None:
    service, owner = empty
    migrations.upgrade(service, owner)
    first = schema(owner)
    migrations.downgrade(service, owner)
    assert schema(owner) == set()
    migrations.upgrade(service, owner)
    assert schema(owner) == first


def differences(engine: Engine, metadata: MetaData) -> list[Any]:
    """Return what Alembic would write into a migration about the tables of these models.

    Keys, indexes and defaults stand in the migrations alone; tables of the chassis have no models.
    """

    def ours(_thing: object, name: str | None, kind: str, _reflected: object, compared: object) -> bool:
        if kind == "table":
            return name in metadata.tables
        return kind == "column" or (
            kind not in {"index", "unique_constraint", "foreign_key_constraint"} and bool(compared)
        )

    options = {"include_object": ours, "compare_type": True, "compare_server_default": False}
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    # Comments mark what an erasure may empty: tests/contract/test_inventory.py.
    return [each for each in found if not (isinstance(each, list) and each[0][0] == "modify_comment")]


def metadata_of(service: str) -> MetaData:
    """Return the metadata of a service's models."""
    metadata: MetaData = importlib.import_module(f"services.{service}.models").Base.metadata
    return metadata


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
@pytest.mark.parametrize("service", every_service())
def test_the_models_say_what_the_schema_holds(migrated: Migrated, service: str) -> None:
    metadata = metadata_of(service)
    assert metadata.tables
    assert differences(migrated(service), metadata) == []


@pytest.mark.parametrize("service", every_service())
def test_every_table_of_a_service_has_a_model(migrated: Migrated, service: str) -> None:
    modelled = set(metadata_of(service).tables)
    with migrated(service).connect() as connection:
        tables = set(connection.execute(text("select tablename from pg_tables where schemaname = 'public'")).scalars())
    assert tables - modelled - CHASSIS == WITHOUT_MODEL.get(service, set())


def test_a_difference_is_found(migrated: Migrated) -> None:
    with migrated("student").connect() as connection, connection.begin() as transaction:
        connection.execute(text("alter table student alter school drop not null"))
        connection.execute(text("alter table guardian alter phone_index type text"))
        connection.execute(text("alter table household add surname text"))
        options = {"compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        found = str(compare_metadata(context, metadata_of("student")))
        transaction.rollback()
    assert all(word in found for word in ("modify_nullable", "modify_type", "surname"))
