"""Seats of trials by time: what the seats of a month are counted without."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Create the index."""
    op.execute(
        "create index ix_lesson_resource_trial on lesson_resource (institution_id, start_time)"
        " where origin = 'trial' and state = 'live'"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index ix_lesson_resource_trial")
