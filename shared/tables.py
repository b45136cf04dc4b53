"""Columns that every table has. The models of a service derive their own `Base` and add these mixins.

    class Base(DeclarativeBase):
        metadata = new_metadata()
        type_annotation_map = COLUMN_TYPES

    class Lead(OwnedRow, Base):
        __tablename__ = "lead"

Their tables are made by `shared.chassis.create_rows` and protected by `shared.rls.protect`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, LargeBinary, MetaData, Text, Uuid, event
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, Session, mapped_column

from shared.ids import uuid7

if TYPE_CHECKING:
    from shared.db import Tx

COLUMN_TYPES: dict[Any, Any] = {
    UUID: Uuid(),
    datetime: TIMESTAMP(timezone=True),
    date: Date(),
    str: Text(),
    int: BigInteger(),
    bytes: LargeBinary(),
    dict[str, Any]: JSONB(),
    list[str]: ARRAY(Text()),
    list[UUID]: ARRAY(Uuid()),
}

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Return metadata whose constraints have predictable names; refusals are translated by name."""
    return MetaData(naming_convention=_NAMES)


class Row:
    """A row of one institution. The session fills institution and times from its transaction."""

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    create_time: Mapped[datetime]
    update_time: Mapped[datetime]


class CampusRow(Row):
    """A row that belongs to a campus; callers of other campuses do not see it."""

    campus_id: Mapped[UUID]


class OwnedRow(CampusRow):
    """A row with an owner; callers whose grant says `own` see only theirs. None: in the pool."""

    owner_id: Mapped[UUID | None]


def stamped(tx: Tx, **values: Any) -> dict[str, Any]:
    """Return the values of a new row that passes the session by, complete with institution, id and times."""
    return {"institution_id": tx.institution_id, "id": uuid7(), "create_time": tx.now, "update_time": tx.now} | values


@event.listens_for(Session, "before_flush")
def _fill(session: Session, _context: object, _instances: object) -> None:
    tx: Tx | None = session.info.get("tx")
    if tx is None:
        return
    for row in session.new:
        if isinstance(row, Row):
            given = row.__dict__
            row.id = given.get("id") or uuid7()
            row.institution_id = given.get("institution_id") or tx.institution_id
            row.create_time = given.get("create_time") or tx.now
            row.update_time = given.get("update_time") or tx.now
    for row in session.dirty:
        if isinstance(row, Row) and session.is_modified(row):
            row.update_time = tx.now
