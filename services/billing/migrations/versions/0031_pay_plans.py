"""Plans by which teachers are paid; consumptions know how long the lesson was and who taught beside."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0031"
down_revision = "0030"

_TABLES = {
    "pay_plan": """name text not null, basis text not null, priority bigint not null, measure text not null,
      role text not null, assistant_basis_points bigint not null, teacher_id uuid, campus_id uuid, course_id uuid,
      tiers jsonb not null, start_date date not null, end_date date, state text not null, version bigint not null,
      constraint ck_pay_plan_basis check (basis in ('per_lesson', 'per_hour', 'per_head', 'per_amount')),
      constraint ck_pay_plan_measure check (measure in ('', 'hours', 'heads')),
      constraint ck_pay_plan_role check (role in ('', 'main', 'assistant')),
      constraint ck_pay_plan_state check (state in ('draft', 'active')),
      constraint ck_pay_plan_dates check (end_date is null or end_date > start_date)""",
    "pay_due": "teacher_id uuid not null, start_date date not null",
    "lesson_assistant": "lesson_id uuid not null, teacher_id uuid not null, lesson_start_time timestamptz not null",
}
_INDEXES = (
    "create index ix_consumption_teacher on consumption (institution_id, teacher_id, lesson_start_time)",
    "create index ix_consumption_lesson on consumption (institution_id, lesson_id)",
    "create index ix_lesson_assistant_teacher on lesson_assistant (institution_id, teacher_id, lesson_start_time)",
    "create index ix_split_row_pay on split_row (institution_id, party_id, occur_time) where base = 'pay'",
    "create index ix_pay_due_teacher on pay_due (institution_id, teacher_id, start_date)",
)


def upgrade() -> None:
    """Create tables and columns."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "alter table consumption add column assistant_ids uuid[] not null default '{}',"
        " add column lesson_hours_hundredths bigint not null default 0"
    )
    for statement in _INDEXES:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table, deletable=table == "pay_due")


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_split_row_pay")
    op.execute("drop index ix_consumption_lesson")
    op.execute("drop index ix_consumption_teacher")
    op.execute("alter table consumption drop column assistant_ids, drop column lesson_hours_hundredths")
    chassis.drop_tables(op, _TABLES)
