"""When providers are asked about payouts again."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns."""
    op.execute(
        "alter table refund_payout add column next_poll_time timestamptz,"
        " add column poll_count bigint not null default 0"
    )
    op.execute(
        "create index ix_refund_payout_open on refund_payout (institution_id, next_poll_time)"
        " where state in ('pending', 'sent')"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table refund_payout drop column next_poll_time, drop column poll_count")
