"""When families are left in peace, and where: campuses with their time zones."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0004"
down_revision = "0003"

_TABLES = {
    "campus": "time_zone text not null",
    "quiet_hours": """campus_id uuid, start_time timestamptz not null, start_minute bigint, end_minute bigint,
      constraint ck_quiet_hours_minutes check (start_minute between 0 and 1439 and end_minute between 0 and 1439)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    protect(op, "campus")
    protect(op, "quiet_hours", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
