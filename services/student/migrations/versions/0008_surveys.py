"""Surveys of families, and their answers."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0008"
down_revision = "0007"

_TABLES = {
    "survey": """title_zh text not null, title_en text not null, state text not null, version bigint not null,
      repeat_days bigint not null, reply_days bigint not null, owner_id uuid not null, round_number bigint not null,
      round_after uuid, constraint ck_survey_state check (state in ('active', 'stopped'))""",
    "survey_version": """survey_id uuid not null, number bigint not null, questions jsonb not null,
      constraint uq_survey_version_number unique (institution_id, survey_id, number),
      foreign key (institution_id, survey_id) references survey (institution_id, id)""",
    "survey_invitation": """campus_id uuid not null, survey_id uuid not null, version bigint not null,
      round_number bigint not null, student_id uuid not null, guardian_id uuid not null, class_group_id uuid,
      teacher_id uuid, expire_time timestamptz not null, respond_time timestamptz, ticket_id uuid,
      constraint uq_survey_invitation_student unique (institution_id, survey_id, round_number, student_id),
      foreign key (institution_id, survey_id) references survey (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "survey_answer": """campus_id uuid not null, invitation_id uuid not null, survey_id uuid not null,
      question text not null, kind text not null, score bigint, options text[] not null, text_sealed bytea,
      constraint uq_survey_answer_question unique (institution_id, invitation_id, question),
      foreign key (institution_id, invitation_id) references survey_invitation (institution_id, id)""",
}
_INDEXES = (
    "create index ix_survey_time on survey (institution_id, create_time desc)",
    "create index ix_survey_invitation_survey on survey_invitation (institution_id, survey_id, create_time desc)",
    "create index ix_survey_invitation_student on survey_invitation (institution_id, student_id, create_time desc)",
    "create index ix_survey_answer_survey on survey_answer (institution_id, survey_id, question)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "survey")
    protect(op, "survey_version", append_only=True)
    protect(op, "survey_invitation", campus="campus_id")
    protect(op, "survey_answer", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
