"""The schema: up, down, up; and what the database itself refuses."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from shared import migrations
from shared.db import Database


def test_the_schema_goes_up_down_and_up_again(postgres: str, run_folder: Path) -> None:
    admin = make_url(postgres)
    name = f"lx_updown_billing_{run_folder.name.replace('-', '_')}"
    migrations.create_database(admin, "billing", "", name=name)
    owner = admin.set(username="billing_owner", database=name)
    migrations.upgrade("billing", owner)
    first = _tables(owner)
    migrations.downgrade("billing", owner)
    assert _tables(owner) == {"alembic_version"}
    migrations.upgrade("billing", owner)
    assert _tables(owner) == first
    assert {"lot", "lot_entry", "journal", "journal_line", "split_row"} <= first


def _tables(owner: object) -> set[str]:
    engine = create_engine(owner.set(drivername="postgresql+psycopg2"))  # type: ignore[attr-defined]
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    return tables


def test_models_and_tables_have_the_same_columns(database: Database) -> None:
    from services.billing.models import Base  # noqa: PLC0415 - kept beside what it is compared with

    inspector = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, table.name
