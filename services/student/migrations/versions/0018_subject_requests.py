"""What people ask about their own data."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import let_erase, protect

revision = "0018"
down_revision = "0017"

_TABLES = {
    "subject_request": """person_id uuid not null, guardian_id uuid, kind text not null, subject text not null,
      state text not null, identity_means text not null, due_date date not null, person_ids uuid[] not null,
      guardian_ids uuid[] not null, services text[] not null, request_sealed bytea, answer_sealed bytea,
      staff_id uuid not null, verify_staff_id uuid, decide_staff_id uuid, decide_time timestamptz,
      finish_time timestamptz, archive_expire_time timestamptz,
      constraint ck_subject_request_kind check (kind in ('access', 'portability', 'erasure', 'correction')),
      constraint ck_subject_request_subject check (subject in ('child', 'guardian')),
      constraint ck_subject_request_state check (state in ('open', 'verified', 'working', 'done', 'refused')),
      constraint ck_subject_request_verified check (state in ('open', 'refused') or identity_means <> '')""",
    "subject_part": """subject_request_id uuid not null, service text not null, tables jsonb not null,
      content_sealed bytea,
      constraint uq_subject_part_service unique (institution_id, subject_request_id, service),
      foreign key (institution_id, subject_request_id) references subject_request (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create unique index uq_subject_request_running on subject_request (institution_id, person_id, kind, subject)"
        " where state in ('open', 'verified', 'working')"
    )
    op.execute("create index ix_subject_request_due on subject_request (institution_id, due_date, id)")
    protect(op, "subject_request")
    protect(op, "subject_part")
    let_erase(op, "subject_request", "request_sealed", "answer_sealed")
    let_erase(op, "subject_part", "content_sealed")
    let_erase(op, "call_task", "occasion")


def downgrade() -> None:
    """Drop them."""
    op.execute("comment on column call_task.occasion is null")
    chassis.drop_tables(op, _TABLES)
