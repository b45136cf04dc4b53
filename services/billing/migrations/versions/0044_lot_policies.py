"""Which lots pay for lessons, as data."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0044"
down_revision = "0043"

_TABLES = {
    "lot_policy": """campus_id uuid, course_id uuid, start_date date not null, criteria text[] not null,
      factors jsonb not null, staff_id uuid not null,
      constraint uq_lot_policy_start unique nulls not distinct (institution_id, campus_id, course_id, start_date),
      constraint ck_lot_policy_criteria check (criteria <@ array['paid_first', 'gift_first', 'earliest_expiry',
        'oldest_contract', 'newest_contract', 'lowest_price', 'highest_price'] and cardinality(criteria) > 0)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "lot_policy", campus="campus_id", campus_optional=True, append_only=True)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
