"""Levels of students per subject."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0020"
down_revision = "0019"

_TABLES = {
    "student_level": """campus_id uuid not null, student_id uuid not null, subject text not null,
      number bigint not null, level text not null, staff_id uuid not null,
      constraint uq_student_level_number unique (institution_id, student_id, subject, number),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "student_level", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the table."""
    chassis.drop_tables(op, _TABLES)
