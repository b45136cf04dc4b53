"""What the audit log is searched by."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the indexes."""
    chassis.create_audit_search(op)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_audit_search(op)
