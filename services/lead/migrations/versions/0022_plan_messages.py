"""Steps of plans that tell the family something by themselves."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0022"
down_revision = "0021"

# No foreign key to the lead: whoever closes a lead holds it and waits for the run, which whoever writes here holds.
_TABLES = {
    "plan_message": """lead_id uuid not null, plan_run_id uuid not null, step bigint not null, channel text not null,
      subject_sealed bytea not null, body_sealed bytea not null, reason text not null,
      constraint uq_plan_message_step unique (institution_id, plan_run_id, step),
      foreign key (institution_id, plan_run_id) references plan_run (institution_id, id)""",
}
_UP = (
    "alter table plan_run add column messages jsonb, add column next_message_time timestamptz",
    (
        "create index ix_plan_run_message on plan_run (institution_id, next_message_time)"
        " where state = 'running' and next_message_time is not null"
    ),
    "create index ix_plan_message_lead on plan_message (institution_id, lead_id, create_time, id)",
)
_DOWN = (
    "drop index ix_plan_run_message",
    "alter table plan_run drop column messages, drop column next_message_time",
)


def upgrade() -> None:
    """Create the table and the columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "plan_message", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
