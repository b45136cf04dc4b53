"""What was shown of people in clear, and on which days it was unusually much."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import let_erase, protect

revision = "0022"
down_revision = "0021"

_TABLES = {
    "reveal": """campus_id uuid, staff_id uuid not null, subject_kind text not null, subject_id uuid not null,
      person_id uuid, field text not null, reason text not null, note_sealed bytea, bulk boolean not null,
      reveal_time timestamptz not null""",
    "reveal_alert": """staff_id uuid not null, day date not null, most_in_hour bigint not null,
      first_time timestamptz not null, last_time timestamptz not null, settled boolean not null,
      settle_staff_id uuid, settle_time timestamptz, finding_sealed bytea,
      constraint uq_reveal_alert_day unique (institution_id, staff_id, day)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_reveal_time on reveal (institution_id, reveal_time, id)")
    op.execute("create index ix_reveal_staff on reveal (institution_id, staff_id, reveal_time, id)")
    op.execute("create index ix_reveal_person on reveal (institution_id, person_id, reveal_time, id)")
    op.execute("create index ix_reveal_subject on reveal (institution_id, subject_id, reveal_time, id)")
    protect(op, "reveal", campus="campus_id", append_only=True)
    protect(op, "reveal_alert")
    let_erase(op, "reveal", "note_sealed")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
