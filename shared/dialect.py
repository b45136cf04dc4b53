"""SQLAlchemy on psycopg2 with our own BEGIN and COMMIT, and a direct way for statements that are run often.

The driver would send BEGIN alone and the settings for row-level security after it. Here a connection stays in
autocommit, and the text that opens a transaction travels in one round trip with its first statement. Reads need no
transaction of their own: their settings travel with every statement, which PostgreSQL runs as one transaction.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as driver_connection
from sqlalchemy import Connection
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from shared.prepared import Plans

Parameters = Mapping[str, object] | Sequence[object] | None

_AFRESH = "DEALLOCATE ALL; "
registry.register("postgresql.lianxiao", __name__, "LianxiaoDialect")


class Link(driver_connection):
    """A connection of the driver with what its next statements carry in front of them."""

    _next: str = ""
    _each: str = ""
    # Off: every statement is sent as it is written.
    prepares: bool = True
    plans: Plans

    def open_with(self, text: str) -> None:
        """Send `text` (BEGIN and settings; no parameters) together with the next statement."""
        self._next, self._each = self._afresh() + text, ""

    def read_with(self, text: str) -> None:
        """Send `text` (settings for one transaction) together with every statement from now on."""
        self._next, self._each = self._afresh() + text, text

    def _afresh(self) -> str:
        return _AFRESH if self.plans.forget_stale() else ""

    def planned(self, sql: str) -> str:
        """Return what to send for a statement that the server shall keep planned."""
        return self.plans.planned(sql) if self.prepares else sql

    def also_with(self, text: str) -> None:
        """Send `text` as well: with the next statement, or, where reads are going on, with each."""
        self._next = f"{self._next}; {text}" if self._next else text
        self._each = self._next if self._each else ""

    def once_with(self, text: str) -> None:
        """Send `text` as well, with the next statement only."""
        self._next = f"{self._next}; {text}" if self._next else text

    def quote(self, sql: str, parameters: Parameters) -> str:
        """Return a statement with its parameters in it."""
        cursor: Any = self.cursor()
        text: bytes = cursor.mogrify(sql, parameters or None)
        return text.decode()

    def forget(self) -> None:
        """Send nothing any more."""
        self.plans.dropped()
        self._next = self._each = ""

    def complete(self, statement: str) -> str:
        """Return a statement with what it has to carry."""
        text = self._next
        self.plans.sent(afresh=text.startswith(_AFRESH))
        if not text:
            return statement
        self._next = self._each
        return f"{text}; {statement}"


class LianxiaoDialect(PGDialect_psycopg2):
    """psycopg2 in autocommit; COMMIT and ROLLBACK are sent only when the server is inside a transaction."""

    driver = "lianxiao"
    supports_statement_cache = True

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Connect and leave the driver's own transactions off."""
        connection = super().connect(*arguments, connection_factory=Link, **options)
        connection.autocommit = True
        connection.plans = Plans()
        return connection

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Send a statement with what it has to carry; with the execution option `prepared` it is kept planned."""
        link = cursor.connection
        if context is not None and context.execution_options.get("prepared"):
            statement = link.planned(statement)
        try:
            super().do_execute(cursor, link.complete(statement), parameters, context)  # type: ignore[no-untyped-call]
        except psycopg2.Error as error:
            link.plans.failed(error.pgcode)
            raise

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Send what has to go first by itself: the driver repeats the statement."""
        opening = cursor.connection.complete("")
        try:
            if opening:
                cursor.execute(opening)
            super().do_executemany(cursor, statement, parameters, context)  # type: ignore[no-untyped-call]
        except psycopg2.Error as error:
            cursor.connection.plans.failed(error.pgcode)
            raise

    def do_commit(self, dbapi_connection: Any) -> None:
        """Send COMMIT unless the last statement has carried it already."""
        _finish(dbapi_connection, "COMMIT")

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Send ROLLBACK when a transaction is open."""
        _finish(dbapi_connection, "ROLLBACK")


def _finish(dbapi_connection: Any, word: str) -> None:
    driver = getattr(dbapi_connection, "driver_connection", dbapi_connection)
    if driver.info.transaction_status != TRANSACTION_STATUS_IDLE:
        with driver.cursor() as cursor:
            cursor.execute(word)


def link_of(connection: Connection) -> Link:
    """Return the driver's connection below."""
    return cast("Link", connection.connection.driver_connection)


def send(connection: Connection, link: Link, sql: str, parameters: Parameters) -> Rows:
    """Run SQL text straight on the driver, which costs a fifth of SQLAlchemy's own way; errors are SQLAlchemy's."""
    try:
        cursor = link.cursor()
        cursor.execute(link.complete(sql), parameters or None)
    except psycopg2.Error as error:
        link.plans.failed(error.pgcode)
        lost = connection.dialect.is_disconnect(error, link, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            sql, None, error, psycopg2.Error, hide_parameters=True, connection_invalidated=lost
        ) from error
    except BaseException as error:
        # A green thread was ended in the middle: what the server answers next belongs to nobody.
        if not isinstance(error, Exception):
            connection.invalidate()
        raise
    return Rows(cursor)


class Rows:
    """What a statement returned; rows are named tuples."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    @property
    def rowcount(self) -> int:
        """How many rows were returned or changed."""
        return int(self._cursor.rowcount)

    def all(self) -> list[Any]:
        """Return every row."""
        kind = _kind(tuple([column[0] for column in self._cursor.description]))
        return [kind._make(row) for row in self._cursor.fetchall()]

    def mappings(self) -> list[dict[str, Any]]:
        """Return every row as a dictionary."""
        return [row._asdict() for row in self.all()]

    def scalars(self) -> Values:
        """Return the first column of every row."""
        return Values([row[0] for row in self._cursor.fetchall()])

    def first(self) -> Any:
        """Return the first row, or None."""
        rows = self.all()
        return rows[0] if rows else None

    def one_or_none(self) -> Any:
        """Return the only row, or None; raises MultipleResultsFound."""
        rows = self.all()
        if len(rows) > 1:
            raise MultipleResultsFound("one row was expected, there are several")
        return rows[0] if rows else None

    def one(self) -> Any:
        """Return the only row; raises NoResultFound, MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("one row was expected, there is none")
        return row

    def scalar(self) -> Any:
        """Return the first column of the first row, or None."""
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """Return the only column of the only row; raises NoResultFound, MultipleResultsFound."""
        return self.one()[0]


class Values(list[Any]):
    """One column."""

    def all(self) -> list[Any]:
        """Return every value."""
        return self


@lru_cache(maxsize=1000)
def _kind(names: tuple[str, ...]) -> Any:
    """Return the type of rows with these columns; names that Python cannot take become _0, _1 and so on."""
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 - the columns are known when the answer comes
