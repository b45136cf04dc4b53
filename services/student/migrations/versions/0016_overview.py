"""Hours, courses and lessons as a child's overview shows them, and a way to a child's entries of one kind."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0016"
down_revision = "0015"

_TABLES = {
    "course": "name text not null, subject text not null",
    "hour_lot": """campus_id uuid not null, student_id uuid not null, course_id uuid not null,
      remaining_hundredths bigint not null, remaining_sequence bigint not null, kind text not null,
      frozen boolean not null, expire_date date, whole_sequence bigint not null""",
    "lesson": """campus_id uuid not null, course_id uuid not null, class_group_ids uuid[] not null,
      student_ids uuid[] not null, teacher_id uuid, room_id uuid, start_time timestamptz not null,
      end_time timestamptz not null, cancelled boolean not null, sequence bigint not null""",
}
_PLACES = """create table lesson_place (institution_id uuid not null, participant_id uuid not null,
  start_time timestamptz not null, lesson_id uuid not null,
  primary key (institution_id, participant_id, start_time, lesson_id),
  foreign key (institution_id, lesson_id) references lesson (institution_id, id))"""
_INDEXES = (
    "create index ix_hour_lot_student on hour_lot (institution_id, student_id)",
    "create index ix_lesson_place_lesson on lesson_place (institution_id, lesson_id)",
    """create index ix_timeline_entry_kind
      on timeline_entry (institution_id, student_id, kind, occur_time desc)""",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute(_PLACES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "course")
    protect(op, "hour_lot", campus="campus_id")
    protect(op, "lesson", campus="campus_id")
    protect(op, "lesson_place", deletable=True)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("drop index ix_timeline_entry_kind")
    chassis.drop_tables(op, (*_TABLES, "lesson_place"))
