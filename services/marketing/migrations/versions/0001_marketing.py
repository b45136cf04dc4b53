"""The first tables of marketing."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

_TABLES = {
    "campaign": """campus_id uuid, name text not null, channel text not null, state text not null,
      start_date date not null, end_date date, budget_fen bigint not null, cost_fen bigint not null,
      constraint uq_campaign_name unique (institution_id, name),
      constraint ck_campaign_state check (state in ('planned', 'running', 'closed')),
      constraint ck_campaign_cost check (cost_fen >= 0 and budget_fen >= 0),
      constraint ck_campaign_days check (end_date >= start_date)""",
    "campaign_cost": """campus_id uuid, campaign_id uuid not null, amount_fen bigint not null, remark text not null,
      spend_date date not null, constraint ck_campaign_cost_amount check (amount_fen <> 0),
      foreign key (institution_id, campaign_id) references campaign (institution_id, id)""",
}

_INDEXES = (
    "create index ix_campaign_newest on campaign (institution_id, create_time desc, id desc)",
    "create index ix_campaign_cost_campaign on campaign_cost (institution_id, campaign_id, create_time desc, id desc)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "campaign", campus="campus_id", campus_optional=True)
    protect(op, "campaign_cost", campus="campus_id", campus_optional=True, append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
    chassis.drop(op)
