"""Orders that wait until org has taken them through a flow."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0023"
down_revision = "0022"

_TABLES = {
    "approval_flow": """subject text not null, campus_id uuid, from_amount_fen bigint not null,
      from_discount_basis_points bigint not null, active boolean not null""",
}


def upgrade() -> None:
    """Create the table; no order that exists waits."""
    chassis.create_rows(op, _TABLES)
    protect(op, "approval_flow")
    op.execute(
        "alter table sales_order add column approval text not null default 'not_needed', add column approval_id uuid,"
        " add constraint ck_sales_order_approval check"
        " (approval in ('not_needed', 'waiting', 'approved', 'rejected')"
        " and (approval = 'not_needed') = (approval_id is null))"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table sales_order drop column approval, drop column approval_id")
    chassis.drop_tables(op, _TABLES)
