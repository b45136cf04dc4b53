"""Knowledge maps, exams, and what scheduling tells of groups, homework and remarks."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import let_erase, protect

revision = "0015"
down_revision = "0014"

_TABLES = {
    "knowledge_map": """subject text not null, version bigint not null, staff_id uuid not null,
      constraint uq_knowledge_map_subject unique (institution_id, subject)""",
    "knowledge_point": """subject text not null, code text not null, title text not null, parent_code text not null,
      prerequisite_codes text[] not null, syllabus_point_ids uuid[] not null, position bigint not null,
      active boolean not null, constraint uq_knowledge_point_code unique (institution_id, subject, code)""",
    "taught_group": "campus_id uuid not null, course_id uuid not null, name text not null",
    "group_member": """campus_id uuid not null, class_group_id uuid not null, student_id uuid not null,
      join_time timestamptz, leave_time timestamptz""",
    "teaching_duty": """campus_id uuid not null, class_group_id uuid not null, teacher_id uuid not null,
      last_time timestamptz not null,
      constraint uq_teaching_duty_teacher unique (institution_id, teacher_id, class_group_id)""",
    "exam": """campus_id uuid not null, class_group_id uuid not null, subject text not null, title text not null,
      kind text not null, exam_date date not null, full_hundredths bigint not null, parts jsonb not null,
      state text not null, staff_id uuid not null,
      constraint ck_exam_state check (state in ('open', 'cancelled')),
      constraint ck_exam_kind check (kind in ('quiz', 'unit', 'midterm', 'final', 'mock')),
      constraint ck_exam_full check (full_hundredths > 0)""",
    "exam_score": """campus_id uuid not null, exam_id uuid not null, student_id uuid not null, score_hundredths bigint,
      part_hundredths bigint[] not null, revision bigint not null, staff_id uuid not null,
      constraint uq_exam_score_student unique (institution_id, exam_id, student_id),
      constraint ck_exam_score_positive check (score_hundredths >= 0),
      foreign key (institution_id, exam_id) references exam (institution_id, id)""",
    "exam_score_change": """campus_id uuid not null, exam_score_id uuid not null, revision bigint not null,
      score_hundredths bigint, part_hundredths bigint[] not null, staff_id uuid not null,
      constraint uq_exam_score_change_revision unique (institution_id, exam_score_id, revision),
      foreign key (institution_id, exam_score_id) references exam_score (institution_id, id)""",
    "lesson_homework": "campus_id uuid not null, revision bigint not null",
    "homework_work": """campus_id uuid not null, lesson_id uuid not null, student_id uuid not null,
      course_id uuid not null, given_revision bigint not null, withdrawn boolean not null,
      lesson_start_time timestamptz, due_time timestamptz, state text not null, late boolean not null,
      work_revision bigint not null, submit_time timestamptz, score bigint not null, score_highest bigint not null,
      syllabus_point_ids uuid[] not null,
      constraint uq_homework_work_student unique (institution_id, student_id, lesson_id),
      constraint ck_homework_work_state check (state in ('open', 'submitted', 'returned', 'marked'))""",
    "class_remark": """campus_id uuid not null, lesson_id uuid not null, student_id uuid not null,
      course_id uuid not null, teacher_id uuid, lesson_start_time timestamptz not null, rating bigint not null,
      rating_highest bigint not null, revision bigint not null, remark_sealed bytea,
      constraint uq_class_remark_student unique (institution_id, student_id, lesson_id)""",
    "learning_preference": """campus_id uuid not null, channels text[] not null, weak_codes text[] not null,
      payment text not null, staff_id uuid not null, note_sealed bytea""",
}
_INDEXES = (
    "create index ix_group_member_group on group_member (institution_id, class_group_id, student_id)",
    "create index ix_group_member_student on group_member (institution_id, student_id)",
    "create index ix_exam_group on exam (institution_id, class_group_id, exam_date desc)",
    "create index ix_exam_date on exam (institution_id, exam_date desc, id desc)",
    "create index ix_exam_score_of_student on exam_score (institution_id, student_id)",
    "create index ix_homework_work_lesson on homework_work (institution_id, lesson_id)",
    "create index ix_homework_work_start on homework_work (institution_id, student_id, lesson_start_time)",
    "create index ix_class_remark_start on class_remark (institution_id, student_id, lesson_start_time desc)",
)
_OF_CAMPUSES = ("taught_group", "group_member", "teaching_duty", "exam", "exam_score", "homework_work", "class_remark")


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "knowledge_map")
    protect(op, "knowledge_point")
    for table in (*_OF_CAMPUSES, "lesson_homework", "learning_preference"):
        protect(op, table, campus="campus_id")
    protect(op, "exam_score_change", campus="campus_id", append_only=True)
    let_erase(op, "class_remark", "remark_sealed")
    let_erase(op, "learning_preference", "note_sealed")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
