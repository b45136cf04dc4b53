"""Takes the demo chain away, complete or half-made. Only the owner of the database server may."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL

from services.__main__ import names
from services.org.rules.institutions import id_of
from shared.settings import settings

# Keys stay because running processes hold them; the audit log stays because it is never cut.
_KEPT = frozenset({"keyset", "audit_entry", "audit_queue", "audit_seal"})
_TABLES = (
    "select table_name from information_schema.columns where column_name = 'institution_id'"
    " and table_schema = 'public' order by table_name"
)


def addresses() -> list[URL]:
    """Return where the databases are, for the owner of the server."""
    admin = settings().admin_url()
    return [admin.set(database=settings().database_name(name)) for name in names()]


def remove(code: str, urls: Iterable[URL]) -> int:
    """Delete all rows of an institution in every database; returns how many there were."""
    return sum(_remove(url, id_of(code)) for url in urls)


def _remove(url: URL, institution_id: UUID) -> int:
    engine = create_engine(url.set(drivername="postgresql+psycopg2"))
    try:
        with engine.begin() as connection:
            # Triggers and foreign keys guard rows that stay; of these nothing stays.
            connection.execute(text("set local session_replication_role = replica"))
            return sum(_empty(connection, table, institution_id) for table in _tables(connection))
    finally:
        engine.dispose()


def _tables(connection: Connection) -> list[str]:
    return [table for table in connection.execute(text(_TABLES)).scalars() if table not in _KEPT]


def _empty(connection: Connection, table: str, institution_id: UUID) -> int:
    statement = text(f'delete from "{table}" where institution_id = :institution')  # noqa: S608 - from the catalogue
    return connection.execute(statement, {"institution": institution_id}).rowcount
