"""The days on which nobody is at a campus."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; empty until lead tells of a campus."""
    op.execute("alter table campus add column closed_dates date[]")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table campus drop column closed_dates")
