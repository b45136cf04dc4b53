"""Runs of the optimiser that plans the weekly timetable, and what they propose."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0011"
down_revision = "0010"

_TABLES = {
    "timetable_run": """campus_id uuid, campus_ids uuid[] not null, demands jsonb not null,
      kept_class_group_ids uuid[] not null, start_date date not null, end_date date not null, weekdays jsonb not null,
      day_start_minute bigint not null, day_end_minute bigint not null, weights jsonb not null,
      time_limit_seconds bigint not null, state text not null, attempts bigint not null, lease_id uuid,
      lease_time timestamptz, progress_percent bigint not null, meeting_count bigint not null,
      placed_count bigint not null, moved_count bigint not null, best_cost bigint not null, unplaced jsonb not null,
      error_reason text not null, staff_id uuid not null, start_time timestamptz, finish_time timestamptz,
      constraint ck_timetable_run_state check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
      constraint ck_timetable_run_lease check ((state = 'running') = (lease_id is not null))""",
    "timetable_proposal": """campus_id uuid not null, run_id uuid not null, class_group_id uuid not null,
      lesson_number bigint not null, kind text not null, state text not null, place jsonb not null, old_place jsonb,
      series_id uuid,
      constraint ck_timetable_proposal_kind check (kind in ('new', 'moved', 'kept')),
      constraint ck_timetable_proposal_state check (state in ('open', 'accepted')),
      constraint uq_timetable_proposal unique (institution_id, run_id, class_group_id, lesson_number),
      foreign key (institution_id, run_id) references timetable_run (institution_id, id)""",
    "timetable_proposal_change": """campus_id uuid not null, proposal_id uuid not null, old_place jsonb not null,
      place jsonb not null, staff_id uuid not null, reason text not null,
      foreign key (institution_id, proposal_id) references timetable_proposal (institution_id, id)""",
}
_INDEXES = (
    "create index ix_timetable_run_open on timetable_run (institution_id, id) where state in ('waiting', 'running')",
    "create index ix_timetable_proposal_change on timetable_proposal_change (institution_id, proposal_id, create_time)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "timetable_run", campus="campus_id")
    protect(op, "timetable_proposal", campus="campus_id")
    protect(op, "timetable_proposal_change", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
