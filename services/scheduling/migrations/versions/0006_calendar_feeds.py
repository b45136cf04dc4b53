"""Timetables that calendar programs subscribe to."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0006"
down_revision = "0005"

_TABLES = {
    "calendar_feed": """campus_id uuid, campus_ids uuid[], resource_kind text not null, resource_id uuid not null,
      token_hash bytea not null, staff_id uuid not null, revoke_time timestamptz,
      constraint uq_calendar_feed_token unique (institution_id, token_hash),
      constraint ck_calendar_feed_kind check (resource_kind in ('teacher', 'room', 'class_group', 'student'))""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_calendar_feed_newest on calendar_feed (institution_id, create_time desc, id desc)")
    protect(op, "calendar_feed", campus="campus_id", campus_optional=True)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
