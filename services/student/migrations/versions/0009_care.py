"""Calls to families, and care that is due by itself."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0009"
down_revision = "0008"

_TABLES = {
    "call_task": """campus_id uuid not null, owner_id uuid, student_id uuid not null, guardian_id uuid,
      occasion text not null, source text not null, due_time timestamptz not null, state text not null,
      outcome text not null, attempt_count bigint not null, finish_time timestamptz,
      constraint ck_call_task_state check (state in ('open', 'done', 'cancelled')),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "call_attempt": """campus_id uuid not null, call_task_id uuid not null, number bigint not null,
      outcome text not null, note_sealed bytea, staff_id uuid not null, ticket_id uuid,
      constraint uq_call_attempt_number unique (institution_id, call_task_id, number),
      foreign key (institution_id, call_task_id) references call_task (institution_id, id)""",
    "care_rule": """name text not null, occasion text not null, offset_days bigint not null, hour bigint not null,
      method text not null, states text[] not null, tag_id uuid, subject text not null, text text not null,
      state text not null, constraint ck_care_rule_state check (state in ('active', 'stopped')),
      foreign key (institution_id, tag_id) references tag (institution_id, id)""",
    "care_event": """campus_id uuid not null, care_rule_id uuid not null, student_id uuid not null,
      occasion_date date not null, call_task_id uuid,
      constraint uq_care_event_occasion unique (institution_id, care_rule_id, student_id, occasion_date),
      foreign key (institution_id, care_rule_id) references care_rule (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}
_INDEXES = (
    "create index ix_call_task_due on call_task (institution_id, due_time)",
    "create index ix_call_task_time on call_task (institution_id, create_time desc)",
    "create index ix_call_task_owner on call_task (institution_id, owner_id, state)",
    "create index ix_call_task_student on call_task (institution_id, student_id)",
    "create index ix_care_rule_time on care_rule (institution_id, create_time desc)",
    "create index ix_care_event_student on care_event (institution_id, student_id, create_time desc)",
    "create index ix_student_birthday on student (institution_id, birth_month, birth_day)",
    "create index ix_student_enrol_time on student (institution_id, enrol_time)",
    "create index ix_student_state_entry_time on student_state_entry (institution_id, to_state, create_time)",
)


def upgrade() -> None:
    """Create the tables, and find students by their days."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "call_task", campus="campus_id", owner="owner_id")
    protect(op, "call_attempt", campus="campus_id", append_only=True)
    protect(op, "care_rule")
    protect(op, "care_event", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    for name in ("student_birthday", "student_enrol_time", "student_state_entry_time"):
        op.execute(f"drop index ix_{name}")
    chassis.drop_tables(op, _TABLES)
