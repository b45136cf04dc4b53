"""Levels of teachers, overridden prerequisites of courses, and corrections of teachers' attendance."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0014"
down_revision = "0013"

_TABLES = {
    "teacher_attendance_change": """campus_id uuid not null, teacher_attendance_id uuid not null,
      teacher_id uuid not null, before jsonb not null, after jsonb not null, reason text not null,
      actor_id uuid not null,
      constraint ck_teacher_attendance_change_reason check (reason <> ''),
      foreign key (institution_id, teacher_attendance_id) references teacher_attendance (institution_id, id)""",
}
_UP = (
    "alter table teacher add column levels jsonb",
    (
        "alter table course add column required_teacher_level bigint,"
        " add constraint ck_course_teacher_level check (required_teacher_level between 1 and 9)"
    ),
    (
        "alter table membership add column missing_course_ids uuid[], add column override_reason text,"
        " add column override_by uuid, add constraint ck_membership_override check ("
        "missing_course_ids is null or (override_reason <> '' and override_by is not null))"
    ),
    (
        "create index ix_teacher_attendance_change on teacher_attendance_change"
        " (institution_id, teacher_attendance_id, create_time)"
    ),
)
_DOWN = (
    (
        "alter table membership drop constraint ck_membership_override, drop column missing_course_ids,"
        " drop column override_reason, drop column override_by"
    ),
    "alter table course drop constraint ck_course_teacher_level, drop column required_teacher_level",
    "alter table teacher drop column levels",
)


def upgrade() -> None:
    """Create the table and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "teacher_attendance_change", campus="campus_id", owner="teacher_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
