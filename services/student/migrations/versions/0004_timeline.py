"""What happened to each child, as the events of all services told it."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0004"
down_revision = "0003"

_TABLES = {
    "timeline_entry": """campus_id uuid not null, student_id uuid not null, area text not null, kind text not null,
      occur_time timestamptz not null, facts jsonb not null"""
}

_INDEX = """create index ix_timeline_entry_student
  on timeline_entry (institution_id, student_id, occur_time desc, id desc)"""


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute(_INDEX)
    protect(op, "timeline_entry", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the table."""
    chassis.drop_tables(op, _TABLES)
