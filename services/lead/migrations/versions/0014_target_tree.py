"""Targets that are parts of others."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the whole that a part belongs to."""
    op.execute(
        "alter table sales_target add column parent_id uuid, add constraint fk_sales_target_parent"
        " foreign key (institution_id, parent_id) references sales_target (institution_id, id)"
    )
    op.execute("create index ix_sales_target_parent on sales_target (institution_id, parent_id)")


def downgrade() -> None:
    """Forget it."""
    op.execute("alter table sales_target drop column parent_id")
