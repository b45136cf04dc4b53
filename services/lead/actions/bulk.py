"""Rows of several tables in one statement: what a capture or a batch of an import writes costs no round trip."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from services.lead.models import Base
from shared.db import Tx
from shared.ids import uuid7
from shared.tables import Row, stamped

R = TypeVar("R", bound=Row)
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def fresh(tx: Tx, model: type[R], **values: Any) -> R:
    """Return a row outside the session, complete with institution, id and times.

    The id carries the transaction's time, so the order of ids is the order of creation, also for a simulated past.
    """
    return model(**stamped(tx, id=uuid7(int(tx.now.timestamp() * 1000))) | values)


def insert(
    tx: Tx,
    rows: Mapping[type[Base], Sequence[Base]],
    *,
    steps: Sequence[str] = (),
    parameters: Mapping[str, object] | None = None,
) -> None:
    """Insert the rows of each model and run further statements (`steps`) with them, together with the next statement.

    There must be one, as for `Tx.soon`. Foreign keys among the rows are checked at its end, so their order does not
    matter.
    """
    tables = [cast("Table", model.__table__) for model, some in rows.items() if some]
    parts = [*map(_insert, tables), *steps]
    if not parts:
        return
    values = dict(parameters or {})
    for model, some in rows.items():
        if some:
            values |= _columns(model, some)
    named = (f"step_{number} as ({part})" for number, part in enumerate(parts))
    tx.soon(f"with {', '.join(named)} select", values, prepared=True)


@cache
def _insert(table: Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    arrays = ", ".join(f"%({table.name}_{column.name})s::{_sql_type(column)}[]" for column in table.columns)
    return f"insert into {table.name} ({names}) select * from unnest({arrays})"  # noqa: S608 - names of our own tables


def _sql_type(column: Column[Any]) -> str:
    return column.type.compile(dialect=_DIALECT)


def _columns(model: type[Base], rows: Iterable[Base]) -> dict[str, list[object]]:
    table = cast("Table", model.__table__)
    some = list(rows)
    return {
        f"{table.name}_{column.name}": [_value(getattr(row, column.name), column) for row in some]
        for column in table.columns
    }


def _value(value: Any, column: Column[Any]) -> object:
    """Return a value as the driver takes it inside an array."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(column.type, JSONB):
        return json.dumps(value, ensure_ascii=False)
    return value
