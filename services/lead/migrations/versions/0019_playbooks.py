"""What people say at each stage, and who used it."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0019"
down_revision = "0018"

_TABLES = {
    "playbook": """name text not null, stage text not null, role text not null, content text not null,
      paused boolean not null, staff_id uuid""",
    "playbook_use": """playbook_id uuid not null, staff_id uuid, lead_id uuid, helpful boolean not null,
      foreign key (institution_id, playbook_id) references playbook (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_playbook_use_playbook on playbook_use (institution_id, playbook_id, id)")
    protect(op, "playbook")
    protect(op, "playbook_use", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
