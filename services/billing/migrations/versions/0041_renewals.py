"""Orders name the one that they renew."""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Add the link."""
    op.execute(
        "alter table sales_order add column predecessor_id uuid,"
        " add constraint ck_sales_order_predecessor check (predecessor_id <> id),"
        " add constraint fk_sales_order_predecessor foreign key (institution_id, predecessor_id)"
        " references sales_order (institution_id, id)"
    )
    op.execute(
        "create index ix_sales_order_predecessor on sales_order (institution_id, predecessor_id)"
        " where predecessor_id is not null"
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("alter table sales_order drop column predecessor_id")
