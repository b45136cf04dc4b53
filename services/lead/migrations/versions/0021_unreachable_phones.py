"""Phones at which nobody can be reached are a flaw too."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_KINDS = ("phone_invalid", "phone_placeholder", "silent")


def _allow(*kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "alter table lead_issue drop constraint ck_lead_issue_kind,"
        f" add constraint ck_lead_issue_kind check (kind in ({listed}))"
    )


def upgrade() -> None:
    """Allow the kind."""
    _allow(*_KINDS, "phone_unreachable")


def downgrade() -> None:
    """Forbid it; flaws of the kind go."""
    op.execute("delete from lead_issue where kind = 'phone_unreachable'")
    _allow(*_KINDS)
