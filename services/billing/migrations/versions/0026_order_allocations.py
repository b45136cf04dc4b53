"""Orders may allocate their value to several campuses."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

_TABLES = ("sales_order", "lot")


def upgrade() -> None:
    """Add the columns; empty means the selling campus alone."""
    for table in _TABLES:
        op.execute(f"alter table {table} add column allocation jsonb not null default '{{}}'")


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.execute(f"alter table {table} drop column allocation")
