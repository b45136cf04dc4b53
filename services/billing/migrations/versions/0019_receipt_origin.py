"""Payments that were made out of money received above another order."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column."""
    op.execute("alter table payment add column origin_payment_id uuid")
    op.execute(
        "create index ix_payment_origin on payment (institution_id, origin_payment_id)"
        " where origin_payment_id is not null"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table payment drop column origin_payment_id")
