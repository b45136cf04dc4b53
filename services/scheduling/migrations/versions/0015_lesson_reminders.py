"""Families are reminded of lessons."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0015"
down_revision = "0014"

_TABLES = {
    "lesson_reminder": """campus_id uuid not null, lesson_id uuid not null, start_time timestamptz not null,
      constraint uq_lesson_reminder_once unique (institution_id, lesson_id, start_time),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table, and let each campus say how long before."""
    chassis.create_rows(op, _TABLES)
    protect(op, "lesson_reminder", campus="campus_id", append_only=True)
    op.execute(
        "alter table roll_call_policy add column lesson_reminder_hours bigint not null default 24"
        " constraint ck_roll_call_policy_reminder check (lesson_reminder_hours between 0 and 168)"
    )


def downgrade() -> None:
    """Drop both."""
    op.execute("alter table roll_call_policy drop column lesson_reminder_hours")
    chassis.drop_tables(op, _TABLES)
