"""What was open when a month was closed."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0038"
down_revision = "0037"

_TABLES = {
    "period_acknowledgement": """period_id uuid not null, code text not null, open_count bigint not null,
      reason text not null,
      constraint uq_period_acknowledgement_code unique (institution_id, period_id, code),
      constraint ck_period_acknowledgement_reason check (reason <> '' and open_count > 0),
      foreign key (institution_id, period_id) references ledger_period (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "period_acknowledgement", append_only=True)


def downgrade() -> None:
    """Drop the table."""
    chassis.drop_tables(op, _TABLES)
