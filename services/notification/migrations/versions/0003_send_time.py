"""Messages that wait for their time."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.execute("alter table message add column send_time timestamptz")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table message drop column send_time")
