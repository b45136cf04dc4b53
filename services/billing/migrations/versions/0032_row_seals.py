"""Seals of rows that must never change."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0032"
down_revision = "0031"

_TABLES = {
    "row_seal": """sequence bigint not null, table_name text not null, columns text[] not null,
      start_time timestamptz not null, end_time timestamptz not null, rows bytea not null, hash bytea not null,
      constraint uq_row_seal_sequence unique (institution_id, sequence)""",
}
_SEALED = (
    *("journal", "journal_line", "lot_entry", "consumption", "payment", "wallet_entry", "refund_item", "split_row"),
    "settlement_line",
)


def upgrade() -> None:
    """Create the table, and find the rows of an hour: these come in the order of time, so that a few pages tell."""
    chassis.create_rows(op, _TABLES)
    protect(op, "row_seal", append_only=True)
    for table in _SEALED:
        op.execute(f"create index ix_{table}_sealing on {table} using brin (create_time)")


def downgrade() -> None:
    """Drop them."""
    for table in _SEALED:
        op.execute(f"drop index ix_{table}_sealing")
    chassis.drop_tables(op, _TABLES)
