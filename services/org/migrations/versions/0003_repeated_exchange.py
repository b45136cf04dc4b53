"""Which exchange used a refresh token, so that the same one may be answered again."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns."""
    op.execute("alter table refresh_token add column request_id uuid, add column salt bytea")


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table refresh_token drop column request_id, drop column salt")
