"""What must hold in the books of an institution, after anything."""

from __future__ import annotations

import orjson
from psycopg2.extensions import QuotedString

from services.billing.actions.book_checks import INVARIANTS
from services.student.actions.hour_lots import KEYS
from services.student.rules import hour_lots
from shared.db import Tx

# One statement that names every broken invariant.
BROKEN = " union all ".join(
    f"select {QuotedString(each.name_en).getquoted().decode()} where exists ({each.query})" for each in INVARIANTS
)
# Rows of what only ever grows; a repeated command must leave these as they are.
COUNTS = "select " + ", ".join(  # noqa: S608 - constant texts
    f"(select count(*) from {table}) as {table}"  # noqa: S608 - constant texts
    for table in ("payment", "lot_entry", "consumption", "journal", "journal_line", "split_row", "refund")
)


def broken(tx: Tx) -> list[str]:
    """Return the invariants that do not hold; an empty list is what a test wants."""
    return [row[0] for row in tx.run(BROKEN, prepared=True)]


def untold(tx: Tx) -> list[str]:
    """Return the lots that stand otherwise than whoever listened to all committed events believes."""
    said = (
        each
        for row in tx.run("select id, body, create_time from outbox where type = any(%s)", (list(KEYS),)).all()
        for each in hour_lots.of_event(orjson.loads(row.body), row.id, row.create_time)
    )
    told = {each.id: (each.remaining_hundredths, each.frozen, each.expire_date) for each in hour_lots.latest(said)}
    rows = tx.run("select id::text, remaining_hundredths, freeze_date is not null, expire_date::text from lot")
    stand = {key: (hundredths, frozen, end) for key, hundredths, frozen, end in rows}
    return [f"lot {key} was not told" for key in {*told, *stand} if told.get(key) != stand.get(key)]
