"""Split rules are revised: the next version replaces the one before."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"

_CHANGE = "ck_split_rule_version_change"


def upgrade() -> None:
    """Add the link and the change."""
    op.execute(
        "alter table split_rule add column replaces_id uuid,"
        " add constraint uq_split_rule_replaces unique (institution_id, replaces_id),"
        " add constraint fk_split_rule_replaces foreign key (institution_id, replaces_id)"
        " references split_rule (institution_id, id)"
    )
    op.execute(
        f"alter table split_rule_version drop constraint {_CHANGE}, add constraint {_CHANGE}"
        " check (change in ('created', 'activated', 'ended', 'revised'))"
    )


def downgrade() -> None:
    """Take the link away; the wider check stays."""
    op.execute("alter table split_rule drop column replaces_id")
