"""When students can come."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0017"
down_revision = "0016"

_TABLES = {
    "student_time": """student_id uuid not null, weekday bigint not null, start_minute bigint not null,
      end_minute bigint not null, preferred boolean not null, replace_time timestamptz, staff_id uuid not null,
      constraint ck_student_time_range check (
        weekday between 1 and 7 and start_minute >= 0 and start_minute < end_minute and end_minute <= 1440),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create index ix_student_time_now on student_time (institution_id, student_id) where replace_time is null"
    )
    protect(op, "student_time")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
