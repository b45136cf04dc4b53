"""Quotes carry the plan that their order takes."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Add the columns."""
    op.execute(
        "alter table quote add column plan_count bigint, add column plan_first_date date,"
        " add column plan_months_between bigint,"
        " add constraint ck_quote_plan check (num_nulls(plan_count, plan_first_date, plan_months_between) in (0, 3))"
    )


def downgrade() -> None:
    """Take them away."""
    op.execute("alter table quote drop column plan_count, drop column plan_first_date, drop column plan_months_between")
