"""Orders that give hours for a referral stand beside the one that was sold under the contract."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"

_STEPS = (
    "alter table sales_order add column referral_id uuid",
    "drop index uq_sales_order_contract",
    """create unique index uq_sales_order_contract on sales_order (institution_id, contract_id)
      where transfer_id is null and referral_id is null""",
    "create unique index uq_sales_order_referral on sales_order (institution_id, referral_id)",
)
_BACK = (
    "drop index uq_sales_order_referral",
    "drop index uq_sales_order_contract",
    """create unique index uq_sales_order_contract on sales_order (institution_id, contract_id)
      where transfer_id is null""",
    "alter table sales_order drop column referral_id",
)


def upgrade() -> None:
    """Add the column and leave gifts out of the key."""
    for step in _STEPS:
        op.execute(step)


def downgrade() -> None:
    """Take both back."""
    for step in _BACK:
        op.execute(step)
