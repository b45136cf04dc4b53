"""What must hold in the books of an institution, after anything."""

from __future__ import annotations

from psycopg2.extensions import QuotedString

from services.billing.actions.book_checks import INVARIANTS
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
