"""What a merge has given to the lead that carries on, so that it can be taken back."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the column; merges of before gave nothing."""
    op.execute("alter table lead_merge add column given jsonb")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table lead_merge drop column given")
