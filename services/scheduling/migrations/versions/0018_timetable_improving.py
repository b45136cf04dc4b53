"""How long a run improves its plan and which times it prefers, and the dates on which a proposal has no lesson."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

_COLUMNS = {
    "timetable_run": ("improve_seconds bigint not null default 0", "preferred_times jsonb not null default '[]'"),
    "timetable_proposal": ("exceptions jsonb not null default '[]'",),
}


def upgrade() -> None:
    """Add the columns; runs and proposals from before have none of it."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"alter table {table} add column {column}")


def downgrade() -> None:
    """Drop them."""
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"alter table {table} drop column {column.split()[0]}")
