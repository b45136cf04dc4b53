"""Every row of an institution, as the databases hold them: what a refused call must leave as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from tests.contract.naming import CHASSIS, every_service

# Who came and went, and that something happened: written for refused calls as well.
_TRACES = {"feed", "refresh_session", "refresh_token", "sign_in_attempts"}
_KEYS = (
    "select c.relname, array_agg(a.attname order by k.place) from pg_class c"
    " join pg_index i on i.indrelid = c.oid and i.indisprimary"
    " cross join lateral unnest(i.indkey) with ordinality as k (number, place)"
    " join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number"
    " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by c.relname"
)
_TABLES = "select tablename from pg_tables where schemaname = 'public'"
# A bytea shows as hex in the text of its row.
_HOLDS = "strpos(t::text, :word) > 0 or strpos(t::text, :bytes) > 0"
_WAITING = "select (select count(*) from outbox) + (select count(*) from delivery where not parked)"

Rows = dict[str, str]


class Databases:
    """Superuser connections to the databases of one running system."""

    def __init__(self, url: str, prefix: str) -> None:
        self._engines = {service: _engine(url, f"{prefix}_{service}") for service in every_service()}

    def rows(self, institution_id: object) -> Rows:
        """Return the content of every business row by service, table and key."""
        found: Rows = {}
        for service, engine in self._engines.items():
            with engine.connect() as connection:
                found.update((f"{service}.{key}", row) for key, row in _rows(connection, str(institution_id)))
        return found

    def holding(self, word: str) -> set[str]:
        """Return the tables that hold a text in clear, in whatever column."""
        found = set()
        for service, engine in self._engines.items():
            with engine.connect() as connection:
                for table in connection.execute(text(_TABLES)).scalars().all():
                    statement = f'select exists (select from "{table}" t where {_HOLDS})'  # noqa: S608 - a name of ours
                    values = {"word": word, "bytes": word.encode().hex()}
                    if connection.execute(text(statement), values).scalar():
                        found.add(f"{service}.{table}")
        return found

    def scalar(self, service: str, statement: str) -> Any:
        """Return one value out of a service's database."""
        with self._engines[service].connect() as connection:
            return connection.execute(text(statement)).scalar()

    @contextmanager
    def altered(self, service: str, change: str, back: str) -> Iterator[None]:
        """Change a schema for the length of a block, to see whether a test notices."""
        with self._engines[service].begin() as connection:
            connection.execute(text(change))
        try:
            yield
        finally:
            with self._engines[service].begin() as connection:
                connection.execute(text(back))

    def waiting(self) -> int:
        """Return how many events are under way in all services together."""
        total = 0
        for engine in self._engines.values():
            with engine.connect() as connection:
                total += int(connection.execute(text(_WAITING)).scalar_one())
        return total

    def dispose(self) -> None:
        """Hang up."""
        for engine in self._engines.values():
            engine.dispose()


def _engine(url: str, database: str) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg2", database=database))


def _rows(connection: Connection, institution_id: str) -> Iterator[tuple[str, str]]:
    for table, columns in connection.execute(text(_KEYS)).all():
        if table in CHASSIS | _TRACES:
            continue
        statement = f'select to_jsonb(t) from "{table}" t where institution_id = :me'  # noqa: S608 - a name of ours
        for row in connection.execute(text(statement), {"me": institution_id}).scalars():
            key = ",".join(str(row[column]) for column in columns)
            yield f"{table}:{key}", json.dumps(row, sort_keys=True, ensure_ascii=False)


def changed(before: Rows, after: Rows) -> dict[str, tuple[Any, Any]]:
    """Return the rows of before that are gone or differ."""
    return {key: (row, after.get(key)) for key, row in before.items() if after.get(key) != row}
