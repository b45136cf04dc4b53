"""Tickets of families, how fast they are to be solved, and when campuses are open."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0007"
down_revision = "0006"

_TABLES = {
    "campus_hours": "openings jsonb not null, closed_dates jsonb not null",
    "ticket_policy": """kind text not null, respond_minutes bigint not null, resolve_minutes bigint not null,
      escalate_staff_id uuid, constraint uq_ticket_policy_kind unique (institution_id, kind)""",
    "ticket": """campus_id uuid not null, owner_id uuid, student_id uuid not null, guardian_id uuid,
      class_group_id uuid, teacher_id uuid,
      kind text not null, source text not null, state text not null, subject_sealed bytea,
      text_sealed bytea, resolution_sealed bytea, respond_due_time timestamptz not null,
      resolve_due_time timestamptz not null, respond_time timestamptz, resolve_time timestamptz,
      close_time timestamptz, escalate_time timestamptz, escalation_level bigint not null,
      satisfaction bigint not null, reopen_count bigint not null,
      constraint ck_ticket_state check (state in ('open', 'in_progress', 'resolved', 'closed')),
      constraint ck_ticket_satisfaction check (satisfaction between 0 and 5),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "ticket_entry": """campus_id uuid not null, ticket_id uuid not null, number bigint not null, action text not null,
      staff_id uuid, owner_id uuid, text_sealed bytea,
      constraint uq_ticket_entry_number unique (institution_id, ticket_id, number),
      foreign key (institution_id, ticket_id) references ticket (institution_id, id)""",
}
_INDEXES = (
    "create index ix_ticket_due on ticket (institution_id, resolve_due_time)",
    "create index ix_ticket_time on ticket (institution_id, create_time desc)",
    "create index ix_ticket_student on ticket (institution_id, student_id, create_time desc)",
    "create index ix_ticket_owner on ticket (institution_id, owner_id, state)",
    "create index ix_ticket_late on ticket (institution_id, escalate_time) where escalate_time is not null",
    "create index ix_ticket_resolved on ticket (institution_id, resolve_time) where state = 'resolved'",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "campus_hours", campus="id")
    protect(op, "ticket_policy")
    protect(op, "ticket", campus="campus_id", owner="owner_id")
    protect(op, "ticket_entry", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
