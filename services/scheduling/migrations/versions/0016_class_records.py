"""Syllabi of courses, records of lessons, and what teachers say about students."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import limit_owners, protect

revision = "0016"
down_revision = "0015"

_CONTENT = """content text not null, point_ids uuid[] not null, homework text not null,
      homework_due_time timestamptz, staff_id uuid not null"""
_REMARK = """student_id uuid not null, remark_sealed bytea, rating bigint not null, rating_highest bigint not null"""
_TABLES = {
    "syllabus": """course_id uuid not null, version bigint not null, reason text not null, staff_id uuid not null,
      constraint uq_syllabus_version unique (institution_id, course_id, version),
      constraint ck_syllabus_version check (version > 0),
      foreign key (institution_id, course_id) references course (institution_id, id)""",
    "syllabus_point": """syllabus_id uuid not null, point_id uuid not null, position bigint not null,
      title text not null, lesson_number bigint not null, lesson_hours_hundredths bigint not null,
      constraint uq_syllabus_point_once unique (institution_id, syllabus_id, point_id),
      constraint uq_syllabus_point_position unique (institution_id, syllabus_id, position),
      constraint ck_syllabus_point_figures check (lesson_number >= 0 and lesson_hours_hundredths >= 0),
      foreign key (institution_id, syllabus_id) references syllabus (institution_id, id)""",
    "class_group_syllabus": """campus_id uuid not null, class_group_id uuid not null, syllabus_id uuid not null,
      reason text not null, staff_id uuid not null,
      foreign key (institution_id, class_group_id) references class_group (institution_id, id),
      foreign key (institution_id, syllabus_id) references syllabus (institution_id, id)""",
    "class_record": f"""campus_id uuid not null, lesson_id uuid not null, course_id uuid not null, teacher_id uuid,
      lesson_start_time timestamptz not null, state text not null, revision bigint not null, {_CONTENT},
      publish_time timestamptz,
      constraint uq_class_record_lesson unique (institution_id, lesson_id),
      constraint ck_class_record_state check (
        state in ('draft', 'final') and (state = 'final') = (publish_time is not null)),
      constraint ck_class_record_homework check (homework_due_time is null or homework <> ''),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "class_record_change": f"""campus_id uuid not null, class_record_id uuid not null, revision bigint not null,
      {_CONTENT}, reason text not null,
      constraint uq_class_record_change_step unique (institution_id, class_record_id, revision),
      foreign key (institution_id, class_record_id) references class_record (institution_id, id)""",
    "student_remark": f"""campus_id uuid not null, class_record_id uuid not null, {_REMARK},
      constraint uq_student_remark_once unique (institution_id, class_record_id, student_id),
      constraint ck_student_remark_rating check (rating between 0 and rating_highest),
      foreign key (institution_id, class_record_id) references class_record (institution_id, id)""",
    "student_remark_change": f"""campus_id uuid not null, class_record_id uuid not null, revision bigint not null,
      {_REMARK},
      constraint uq_student_remark_change_step unique (institution_id, class_record_id, revision, student_id),
      foreign key (institution_id, class_record_id) references class_record (institution_id, id)""",
    "rating_scale": """highest bigint not null, labels text[] not null, end_time timestamptz, staff_id uuid not null,
      constraint ck_rating_scale_highest check (highest between 2 and 100)""",
}
_INDEXES = (
    (
        "create index ix_class_group_syllabus_group on class_group_syllabus"
        " (institution_id, class_group_id, create_time, id)"
    ),
    "create index ix_class_record_time on class_record (institution_id, campus_id, lesson_start_time)",
    "create unique index uq_rating_scale_live on rating_scale (institution_id) where end_time is null",
)
# Whoever may see a lesson may see its record; the policies of the other table hold in here too.
_OWNER = "(select nullif(current_setting('app.owner', true), '')::uuid)"
_OF_CALLER = {
    "class_record": (
        "exists (select from lesson l where l.institution_id = class_record.institution_id"
        " and l.id = class_record.lesson_id)"
    ),
    "student_remark": (
        "exists (select from class_record r where r.institution_id = student_remark.institution_id"
        " and r.id = student_remark.class_record_id)"
    ),
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "rating_scale")
    for table in ("syllabus", "syllabus_point"):
        protect(op, table, append_only=True)
    for table, rule in _OF_CALLER.items():
        protect(op, table, campus="campus_id")
        limit_owners(op, table, f"{_OWNER} is null or {rule}")
    for table in ("class_group_syllabus", "class_record_change", "student_remark_change"):
        protect(op, table, campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
