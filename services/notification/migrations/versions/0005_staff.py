"""Staff as recipients of messages about their work."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0005"
down_revision = "0004"

_TABLES = {
    "staff": """name text not null, email_sealed bytea, active boolean not null, academic boolean not null,
      campus_ids uuid[]""",
}


def upgrade() -> None:
    """Create the table and the column."""
    chassis.create_rows(op, _TABLES)
    protect(op, "staff")
    op.execute("alter table message add column staff_id uuid")


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table message drop column staff_id")
    chassis.drop_tables(op, _TABLES)
