"""The schema goes up, down and up again."""

from pathlib import Path

from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url

from services.scheduling.models import Base
from shared import migrations
from shared.ids import uuid7


def test_the_schema_goes_up_down_and_up_again(postgres: str, run_folder: Path) -> None:
    assert run_folder.exists()
    admin = make_url(postgres)
    name = f"lx_scheduling_{uuid7().hex[-12:]}"
    migrations.create_database(admin, "scheduling", "", name=name)
    owner = admin.set(username="scheduling_owner", database=name)
    migrations.upgrade("scheduling", owner)
    migrations.downgrade("scheduling", owner)
    engine = create_engine(owner.set(drivername="postgresql+psycopg2"))
    left = inspect(engine).get_table_names()
    migrations.upgrade("scheduling", owner)
    schema = inspect(engine)
    made = {table: {column["name"] for column in schema.get_columns(table)} for table in schema.get_table_names()}
    engine.dispose()
    assert set(left) <= {"alembic_version"}
    assert {table.name: {column.name for column in table.columns} for table in Base.metadata.sorted_tables}.items() <= (
        made.items()
    )
