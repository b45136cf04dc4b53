"""Pauses of students, whose lots stand still meanwhile."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0027"
down_revision = "0026"

_TABLES = {"suspension": "resume_time timestamptz"}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "suspension")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
