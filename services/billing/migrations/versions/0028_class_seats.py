"""Who sits in class groups."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0028"
down_revision = "0027"

_TABLES = {
    "class_seat": """campus_id uuid not null, student_id uuid not null, course_id uuid, join_time timestamptz,
      leave_time timestamptz""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create index ix_class_seat_student on class_seat (institution_id, student_id, course_id)"
        " where leave_time is null"
    )
    protect(op, "class_seat", campus="campus_id")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
