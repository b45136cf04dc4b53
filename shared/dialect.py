"""SQLAlchemy on psycopg2 with our own BEGIN and COMMIT.

The driver would send BEGIN alone and the settings for row-level security after it. Here the connection stays in
autocommit, and the text that opens a transaction (`open_with`) travels in one round trip with its first statement.
"""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from sqlalchemy import Connection, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine import Engine

_PREFIX = "open_with"

registry.register("postgresql.lianxiao", __name__, "LianxiaoDialect")


class LianxiaoDialect(PGDialect_psycopg2):
    """psycopg2 in autocommit; COMMIT and ROLLBACK are sent only when the server is inside a transaction."""

    driver = "lianxiao"
    supports_statement_cache = True

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Connect and leave the driver's own transactions off."""
        connection = super().connect(*arguments, **options)
        connection.autocommit = True
        return connection

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


def prepare(engine: Engine) -> None:
    """Attach the listener that makes the first statement of a transaction carry its opening text."""
    event.listen(engine, "before_cursor_execute", _prepend, retval=True)


def open_with(connection: Connection, text: str) -> None:
    """Send `text` (BEGIN and settings; no parameters) together with the next statement on this connection."""
    connection.info[_PREFIX] = text


def also_with(connection: Connection, text: str) -> None:
    """Send `text` with the next statement as well, after what waits for it already."""
    waiting = connection.info.get(_PREFIX)
    connection.info[_PREFIX] = f"{waiting}; {text}" if waiting else text


def forget_opening(connection: Connection) -> None:
    """Drop an opening text that no statement has needed."""
    connection.info.pop(_PREFIX, None)


def _prepend(
    connection: Connection,
    cursor: Any,
    statement: str,
    parameters: Any,
    _context: object,
    executemany: bool,  # noqa: FBT001 - SQLAlchemy's signature
) -> tuple[str, Any]:
    text = connection.info.pop(_PREFIX, None)
    if text is None:
        return statement, parameters
    if executemany or cursor.name is not None:
        opener: Any = connection.connection.cursor()
        opener.execute(text)
        opener.close()
        return statement, parameters
    return f"{text}; {statement}", parameters
