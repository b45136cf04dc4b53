"""Handovers and the answers of the services."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0002"
down_revision = "0001"

_TABLES = {
    "handover": """staff_id uuid not null, home_campus_id uuid, leaving boolean not null, campus_id uuid,
      state text not null, finish_time timestamptz, starter_id uuid not null,
      constraint ck_handover_state check (state in ('running', 'done')),
      constraint ck_handover_finish check ((state = 'done') = (finish_time is not null)),
      foreign key (institution_id, staff_id) references staff (institution_id, id)""",
    "handover_part": """handover_id uuid not null, service text not null, items jsonb not null,
      constraint uq_handover_part_service unique (institution_id, handover_id, service),
      constraint ck_handover_part_service check (service in ('lead', 'student', 'scheduling')),
      foreign key (institution_id, handover_id) references handover (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_handover_staff on handover (institution_id, staff_id, id)")
    protect(op, "handover", campus="home_campus_id")
    protect(op, "handover_part", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
