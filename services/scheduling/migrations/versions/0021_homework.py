"""What students did of their homework."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import limit_owners, protect

revision = "0021"
down_revision = "0020"

_WORK = """revision bigint not null, state text not null, submit_time timestamptz, score bigint,
      score_highest bigint not null, remark_sealed bytea, staff_id uuid not null"""
_TABLES = {
    "homework_submission": f"""campus_id uuid not null, class_record_id uuid not null, lesson_id uuid not null,
      course_id uuid not null, class_group_id uuid, teacher_id uuid, student_id uuid not null, {_WORK},
      first_submit_time timestamptz, attempt_count bigint not null, due_time timestamptz,
      constraint uq_homework_submission_once unique (institution_id, class_record_id, student_id),
      constraint ck_homework_submission_state check (state in ('open', 'submitted', 'returned', 'marked')),
      constraint ck_homework_submission_times check (
        (state = 'open') = (submit_time is null) and (state = 'open') = (first_submit_time is null)
        and (state = 'open') = (attempt_count = 0) and first_submit_time <= submit_time),
      constraint ck_homework_submission_score check (
        score is null or state in ('returned', 'marked') and score between 0 and score_highest),
      foreign key (institution_id, class_record_id) references class_record (institution_id, id),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "homework_submission_change": f"""campus_id uuid not null, homework_submission_id uuid not null, {_WORK},
      constraint uq_homework_submission_change_step unique (institution_id, homework_submission_id, revision),
      foreign key (institution_id, homework_submission_id) references homework_submission (institution_id, id)""",
}
_INDEXES = (
    ("create index ix_homework_submission_student on homework_submission (institution_id, student_id, submit_time)"),
    (
        "create index ix_homework_submission_unmarked on homework_submission (institution_id, teacher_id, submit_time)"
        " where state = 'submitted'"
    ),
    (
        "create index ix_class_record_homework on class_record (institution_id, lesson_start_time)"
        " where state = 'final' and homework <> ''"
    ),
)
# Whoever may see a class record may see what was handed in; the policies of that table hold in here too.
_OWNER = "(select nullif(current_setting('app.owner', true), '')::uuid)"
_OF_CALLER = (
    "exists (select from class_record r where r.institution_id = homework_submission.institution_id"
    " and r.id = homework_submission.class_record_id)"
)


def upgrade() -> None:
    """Create the tables and indexes."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "homework_submission", campus="campus_id")
    limit_owners(op, "homework_submission", f"{_OWNER} is null or {_OF_CALLER}")
    protect(op, "homework_submission_change", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_class_record_homework")
    chassis.drop_tables(op, _TABLES)
