"""Pauses of one student may be heard of in any order."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add what a pause waits for."""
    op.execute(
        "alter table suspension add column student_id uuid, add column start_time timestamptz,"
        " add column waiting_lot_ids uuid[] not null default '{}'"
    )
    op.execute("create index ix_suspension_student on suspension (institution_id, student_id)")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table suspension drop column student_id, drop column start_time, drop column waiting_lot_ids")
