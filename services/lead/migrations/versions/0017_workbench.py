"""What students consume, so that advisors see it."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0017"
down_revision = "0016"

_TABLES = {
    "study_consumption": """customer_id uuid not null, course_id uuid not null, consumed_hundredths bigint not null,
      remaining_hundredths bigint not null, month_date date, lesson_time timestamptz, restored boolean not null,
      constraint ck_study_consumption_told check (restored or lesson_time is not null)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create index ix_study_consumption_customer"
        " on study_consumption (institution_id, customer_id, course_id, update_time)"
    )
    protect(op, "study_consumption")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
