"""Grading rules as data, where the grading of all leads stands, and two more facts of a lead."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0011"
down_revision = "0010"

_TABLES = {
    "grading_rule": "rule jsonb not null, staff_id uuid",
    "grading_run": """rule_id uuid, day date, position uuid, checked bigint not null, changed bigint not null,
      finish_time timestamptz, constraint ck_grading_run_one check (id = institution_id)""",
}


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    protect(op, "grading_rule", append_only=True)
    protect(op, "grading_run")
    op.execute(
        "alter table lead add column trial_state text, add column intent text,"
        " add constraint ck_lead_trial_state check (trial_state in ('booked', 'attended', 'no_show', 'cancelled')),"
        " add constraint ck_lead_intent check (intent in ('', 'high', 'medium', 'low'))"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table lead drop column trial_state, drop column intent")
    chassis.drop_tables(op, _TABLES)
