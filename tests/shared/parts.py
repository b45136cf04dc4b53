"""A database of its own for the parts of the chassis: the chassis tables and one table of people."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped

from shared import chassis, migrations, rls
from shared.crypto import Sealed
from shared.db import Database
from shared.tables import COLUMN_TYPES, Row, new_metadata
from shared.testing import databases

PERSON = """
create table person (
  institution_id uuid not null, id uuid not null, name text not null, stage text not null, score bigint,
  active boolean not null default true, birth_date date, call_time timestamptz, owner_id uuid,
  phone_sealed bytea, phone_index bytea, note_sealed bytea,
  create_time timestamptz not null, update_time timestamptz not null, primary key (institution_id, id));
create index ix_person_create on person (institution_id, create_time, id);
create table person_token (
  institution_id uuid not null, token bytea not null, person_id uuid not null,
  primary key (institution_id, token, person_id));
"""


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Person(Row, Base):
    __tablename__ = "person"

    name: Mapped[str]
    stage: Mapped[str]
    score: Mapped[int | None]
    active: Mapped[bool]
    birth_date: Mapped[date | None]
    call_time: Mapped[datetime | None]
    owner_id: Mapped[UUID | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    note_sealed: Mapped[bytes | None]
    phone = Sealed("phone_sealed")
    note = Sealed("note_sealed")


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
        for statement in PERSON.split(";\n"):
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
