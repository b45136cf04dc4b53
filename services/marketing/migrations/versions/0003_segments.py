"""Groups of leads that marketing speaks to."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0003"
down_revision = "0002"

_TABLES = {
    "segment": """campus_id uuid, name text not null, filter text not null, staff_id uuid not null,
      removed boolean not null""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create unique index uq_segment_name on segment (institution_id, name) where not removed")
    protect(op, "segment", campus="campus_id", campus_optional=True)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
