"""Rows of several tables in one statement: what a capture or a batch of an import writes costs no round trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import orjson
from sqlalchemy import Table

from services.lead.models import Base
from shared.db import Tx
from shared.ids import uuid7
from shared.tables import Row, stamped

R = TypeVar("R", bound=Row)


def fresh(tx: Tx, model: type[R], **values: Any) -> R:
    """Return a row outside the session, complete with institution, id and times.

    The id carries the transaction's time, so the order of ids is the order of creation, also for a simulated past.
    """
    return model(**stamped(tx, id=uuid7(int(tx.now.timestamp() * 1000))) | values)


def plain(tx: Tx, model: type[R], **values: Any) -> R:
    """Return the same for `insert` alone: something that has the columns, and costs a tenth of a model's."""
    return cast(
        "R",
        SimpleNamespace(**_empty(cast("Any", model)) | stamped(tx, id=uuid7(int(tx.now.timestamp() * 1000))) | values),
    )


@cache
def _empty(model: Any) -> dict[str, None]:
    return {column.name: None for column in model.__table__.columns}


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
            values[model.__tablename__] = _json(model, some)
    named = (f"step_{number} as ({part})" for number, part in enumerate(parts))
    tx.soon(f"with {', '.join(named)} select", values, prepared=True)


@cache
def _insert(table: Table) -> str:
    names = ", ".join(column.name for column in table.columns)
    rows = f"json_populate_recordset(null::{table.name}, %({table.name})s::json)"
    return f"insert into {table.name} ({names}) select {names} from {rows}"  # noqa: S608 - names of our own tables


def _json(model: type[Base], rows: Iterable[Base]) -> str:
    """Return rows as JSON: one parameter, which is read faster than one for each column."""
    names = [column.name for column in cast("Table", model.__table__).columns]
    told = [{name: getattr(row, name) for name in names} for row in rows]
    return orjson.dumps(told, default=_bytes).decode()


def _bytes(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return rf"\x{value.hex()}"
