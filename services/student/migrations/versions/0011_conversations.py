"""Messages with families, and the interviews that are drawn each month."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0011"
down_revision = "0010"

_TABLES = {
    "family_thread": """campus_id uuid not null, owner_id uuid, student_id uuid not null, guardian_id uuid not null,
      message_count bigint not null, unread_by_staff_count bigint not null, unread_by_family_count bigint not null,
      last_message_time timestamptz not null,
      constraint uq_family_thread_guardian unique (institution_id, student_id, guardian_id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "family_message": """campus_id uuid not null, thread_id uuid not null, number bigint not null, staff_id uuid,
      body_sealed bytea, constraint uq_family_message_number unique (institution_id, thread_id, number),
      foreign key (institution_id, thread_id) references family_thread (institution_id, id)""",
    "interview_sample": """month date not null, seed text not null, population_sha256 text not null,
      population_count bigint not null, sample_count bigint not null,
      constraint uq_interview_sample_month unique (institution_id, month)""",
    "interview": """campus_id uuid not null, owner_id uuid, interview_sample_id uuid not null, student_id uuid not null,
      state text not null, due_time timestamptz not null, finish_time timestamptz, note_sealed bytea,
      constraint uq_interview_student unique (institution_id, interview_sample_id, student_id),
      constraint ck_interview_state check (state in ('due', 'done', 'declined')),
      foreign key (institution_id, interview_sample_id) references interview_sample (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}
_INDEXES = (
    "create index ix_family_thread_time on family_thread (institution_id, last_message_time desc)",
    "create index ix_family_thread_owner on family_thread (institution_id, owner_id, last_message_time desc)",
    "create index ix_interview_due on interview (institution_id, due_time)",
    "create index ix_interview_student on interview (institution_id, student_id)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "family_thread", campus="campus_id", owner="owner_id")
    protect(op, "family_message", campus="campus_id", append_only=True)
    protect(op, "interview_sample", append_only=True)
    protect(op, "interview", campus="campus_id", owner="owner_id")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
