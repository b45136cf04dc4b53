"""Split rules that are drafts yet."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; every rule so far is active."""
    op.execute(
        "alter table split_rule add column state text not null default 'active',"
        " add constraint ck_split_rule_state check (state in ('draft', 'active'))"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table split_rule drop column state")
