"""Names of courses, for what families read."""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Add the column; `announce` fills it."""
    op.execute("alter table course add column name text not null default ''")


def downgrade() -> None:
    """Take it away."""
    op.execute("alter table course drop column name")
