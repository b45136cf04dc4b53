"""Substitutes: who is asked for, who was offered it, and what teachers and students like in style."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0019"
down_revision = "0018"

_TABLES = {
    "substitute_request": """campus_id uuid not null, lesson_id uuid not null, teacher_id uuid not null,
      requested_by uuid not null, leave_request_id uuid, reason text not null, state text not null,
      substitute_id uuid, lesson_start_time timestamptz not null, end_time timestamptz,
      constraint ck_substitute_request_state check (state in ('open', 'filled', 'withdrawn', 'expired')),
      constraint ck_substitute_request_filled check ((state = 'filled') = (substitute_id is not null)),
      constraint ck_substitute_request_end check ((state = 'open') = (end_time is null)),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id),
      foreign key (institution_id, substitute_id) references teacher (institution_id, id),
      foreign key (institution_id, leave_request_id) references leave_request (institution_id, id)""",
    "substitute_offer": """campus_id uuid not null, substitute_request_id uuid not null, lesson_id uuid not null,
      teacher_id uuid not null, lesson_start_time timestamptz not null, lesson_end_time timestamptz not null,
      state text not null, expire_time timestamptz not null, remark_sealed bytea, answer_time timestamptz,
      constraint uq_substitute_offer_once unique (institution_id, substitute_request_id, teacher_id),
      constraint ck_substitute_offer_state check (
        state in ('offered', 'accepted', 'declined', 'expired', 'withdrawn', 'taken')),
      constraint ck_substitute_offer_times check (lesson_start_time < lesson_end_time),
      foreign key (institution_id, substitute_request_id) references substitute_request (institution_id, id),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id)""",
}
_UP = (
    (
        "create unique index uq_substitute_request_open on substitute_request (institution_id, lesson_id, teacher_id)"
        " where state = 'open'"
    ),
    "create index ix_substitute_request_time on substitute_request (institution_id, campus_id, lesson_start_time)",
    # The first who accepts wins, whatever else goes wrong.
    (
        "create unique index uq_substitute_offer_accepted on substitute_offer (institution_id, substitute_request_id)"
        " where state = 'accepted'"
    ),
    "create index ix_substitute_offer_teacher on substitute_offer (institution_id, teacher_id, lesson_start_time)",
    ("create index ix_substitute_offer_open on substitute_offer (institution_id, expire_time) where state = 'offered'"),
    "alter table teacher add column styles text[]",
    "alter table student add column wished_styles text[]",
)
_DOWN = (
    "alter table student drop column wished_styles",
    "alter table teacher drop column styles",
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table, campus="campus_id", owner="teacher_id")


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
