"""What was changed in lessons by hand, merged lessons, and what limits teachers and rooms beyond their week."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0010"
down_revision = "0009"

_TABLES = {
    "lesson_change": """campus_id uuid not null, lesson_id uuid not null, command_id uuid not null, kind text not null,
      before jsonb not null, after jsonb not null, reason text not null, actor_id uuid not null,
      constraint ck_lesson_change_kind check (kind in ('moved', 'cancelled', 'merged', 'split', 'substituted')),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "teacher_exception": """teacher_id uuid not null, kind text not null, start_time timestamptz not null,
      end_time timestamptz not null, end_reason text not null, ended boolean not null,
      constraint ck_teacher_exception_kind check (kind in ('sick', 'leave', 'extra')),
      constraint ck_teacher_exception_times check (start_time < end_time),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id)""",
    "room_block": """campus_id uuid not null, room_id uuid not null, start_time timestamptz not null,
      end_time timestamptz not null, reason text not null, ended boolean not null,
      constraint ck_room_block_times check (start_time < end_time),
      foreign key (institution_id, room_id) references room (institution_id, id)""",
    "campus_travel": """from_campus_id uuid not null, to_campus_id uuid not null, minutes bigint not null,
      constraint uq_campus_travel_way unique (institution_id, from_campus_id, to_campus_id),
      constraint ck_campus_travel_minutes check (minutes between 0 and 1440)""",
}
_UP = (
    "alter table lesson add column original_start_time timestamptz, add column merged_into_id uuid",
    "alter table lesson_resource add column campus_id uuid",
    "alter table teacher add column most_day_minutes bigint, add column most_week_minutes bigint",
    "alter table course add column equipment text[], add column prerequisite_course_ids uuid[]",
    "create index ix_lesson_change_lesson on lesson_change (institution_id, lesson_id, create_time)",
    "create index ix_lesson_series on lesson (institution_id, series_id, start_time) where series_id is not null",
    (
        "create index ix_teacher_exception_time on teacher_exception (institution_id, teacher_id, end_time)"
        " where not ended"
    ),
    "create index ix_room_block_time on room_block (institution_id, room_id, end_time) where not ended",
)
_DOWN = (
    "drop index ix_lesson_series",
    "alter table course drop column equipment, drop column prerequisite_course_ids",
    "alter table teacher drop column most_day_minutes, drop column most_week_minutes",
    "alter table lesson_resource drop column campus_id",
    "alter table lesson drop column original_start_time, drop column merged_into_id",
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "lesson_change", campus="campus_id", append_only=True)
    protect(op, "room_block", campus="campus_id")
    protect(op, "teacher_exception")
    protect(op, "campus_travel")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
