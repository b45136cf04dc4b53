"""The first read models of insight."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

_TABLES = {
    "journey": """institution_id uuid not null, customer_id uuid not null, campus_id uuid not null, campaign_id uuid,
      source text not null, enquiry_time timestamptz, trial_time timestamptz, enrolled_time timestamptz,
      paid_time timestamptz, first_lesson_time timestamptz, primary key (institution_id, customer_id)""",
    "campaign_figure": """institution_id uuid not null, campaign_id uuid not null, campus_id uuid, name text not null,
      channel text not null, cost_fen bigint not null, primary key (institution_id, campaign_id)""",
    "campus_clock": """institution_id uuid not null, campus_id uuid not null, name text not null,
      time_zone text not null, primary key (institution_id, campus_id)""",
}

_INDEXES = (
    "create index ix_journey_enquiry on journey (institution_id, enquiry_time)",
    "create index ix_journey_campus on journey (institution_id, campus_id, enquiry_time)",
    "create index ix_journey_campaign on journey (institution_id, campaign_id) where campaign_id is not null",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    for table, columns in _TABLES.items():
        op.execute(f"create table {table} ({columns})")
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "journey", campus="campus_id")
    protect(op, "campaign_figure", campus="campus_id", campus_optional=True)
    protect(op, "campus_clock", campus="campus_id")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
    chassis.drop(op)
