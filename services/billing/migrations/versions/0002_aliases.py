"""Customer ids that stand for others since a merge."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    chassis.create_aliases(op)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, ["alias"])
