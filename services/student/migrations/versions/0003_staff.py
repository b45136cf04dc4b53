"""Who works where, so that no student belongs to somebody who left."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0003"
down_revision = "0002"

_TABLES = {"staff": "active boolean not null, campus_ids uuid[]"}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_student_owner on student (institution_id, owner_id, id) where owner_id is not null")
    protect(op, "staff")


def downgrade() -> None:
    """Drop the table."""
    op.execute("drop index ix_student_owner")
    chassis.drop_tables(op, _TABLES)
