"""The campuses that a campaign may be for."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0002"
down_revision = "0001"

_TABLES = {"campus": "name text not null, active boolean not null"}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "campus")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
