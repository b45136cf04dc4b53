"""How often a family was reminded of a trial."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the count; a reminder that was sent before is the first."""
    op.execute("alter table trial add column reminder_count bigint not null default 0")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table trial drop column reminder_count")
