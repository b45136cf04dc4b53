"""A table of people with sealed columns, for tests of the chassis."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, Row, new_metadata

TABLES = """
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
