"""`python -m tests.journeys.searching CODE WORD...`: where words stand in any table of any service, as JSON lines.

Reads every column of every table of an institution: clear text, bytes, sealed cells, sealed fields of events that wait,
and stored replies; so that nothing is found only because nobody looked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from services.__main__ import names
from services.org.rules.institutions import id_of
from shared.caller import Caller
from shared.crypto import CannotOpen, open_from_bus, open_sealed
from shared.db import Database, Tx
from shared.keks import keks
from shared.settings import settings

_TABLES = """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p') and has_table_privilege(c.oid, 'select')
  and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'institution_id') order by 1"""


def texts(tx: Tx, table: str, row: dict[str, Any]) -> Iterator[str]:
    """Yield everything that a row says, opened as far as this installation's keys open it."""
    for column, value in row.items():
        blob = bytes(value) if isinstance(value, memoryview | bytes) else b""
        if blob and column.endswith("_sealed"):
            yield open_sealed(tx, table, column, row["id"], blob) or ""
        elif blob and table == "stored_reply" and column == "reply":
            yield keks(blob).open(f"reply|{tx.institution_id}", blob).decode("utf-8", "replace")
        elif blob:
            yield blob.decode("utf-8", "replace")
        elif isinstance(value, str) and column == "body" and table in {"outbox", "delivery"}:
            yield from _event(tx.institution_id, json.loads(value))
        elif value is not None:
            yield value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _event(institution_id: UUID, value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _event(institution_id, each)
    elif isinstance(value, str):
        try:
            yield open_from_bus(institution_id, value)
        except CannotOpen:
            yield value


def main(code: str, words: list[str]) -> None:
    """Print {service, table, column rows, word} for each table that holds a word."""
    for service in names():
        database = Database(settings().role_url(service, "app"), pool_size=1)
        with database.begin(Caller.system(id_of(code)), read_only=True) as tx:
            for table in list(tx.run(_TABLES).scalars()):
                found: set[str] = set()
                sql = f"select * from {table} where institution_id = '{tx.institution_id}'"  # noqa: S608 - names of the catalogue
                for row in tx.run(sql).mappings():
                    said = "\n".join(texts(tx, table, row))
                    found |= {word for word in words if word in said}
                for word in sorted(found):
                    sys.stdout.write(json.dumps({"service": service, "table": table, "word": word}) + "\n")
        database.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
