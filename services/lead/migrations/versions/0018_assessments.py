"""Assessments, the invitations to them and what came of them."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0018"
down_revision = "0017"

_TABLES = {
    "assessment": "name text not null, introduction text not null, sheet jsonb not null, retired boolean not null",
    "assessment_sitting": """lead_id uuid not null, assessment_id uuid not null, staff_id uuid,
      expire_time timestamptz not null,
      foreign key (institution_id, lead_id) references lead (institution_id, id),
      foreign key (institution_id, assessment_id) references assessment (institution_id, id)""",
    "assessment_report": """lead_id uuid not null, assessment_name text not null, choices jsonb not null,
      scores jsonb not null,
      foreign key (institution_id, id) references assessment_sitting (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_assessment_sitting_lead on assessment_sitting (institution_id, lead_id, id)")
    op.execute("create index ix_assessment_report_lead on assessment_report (institution_id, lead_id, create_time, id)")
    protect(op, "assessment")
    protect(op, "assessment_sitting", append_only=True)
    protect(op, "assessment_report", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
