"""What journals moved, summed by the day soon after they were posted."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0040"
down_revision = "0039"

_TABLES = {
    "ledger_sum": """start_time timestamptz not null, end_time timestamptz not null, journal_count bigint not null,
      constraint uq_ledger_sum_start unique (institution_id, start_time),
      constraint ck_ledger_sum_times check (end_time > start_time)""",
    "ledger_day": """campus_id uuid not null, sum_id uuid not null, post_date date not null, code text not null,
      party_id uuid not null, amount_fen bigint not null,
      constraint uq_ledger_day unique (institution_id, post_date, sum_id, code, campus_id, party_id),
      foreign key (institution_id, sum_id) references ledger_sum (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    protect(op, "ledger_sum", append_only=True)
    protect(op, "ledger_day", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
