"""Amounts of contracts, orders and payments that do not agree."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0039"
down_revision = "0038"

_TABLES = {
    "amount_mismatch": """campus_id uuid not null, owner_id uuid, kind text not null, contract_id uuid not null,
      order_id uuid, expected_fen bigint not null, found_fen bigint not null, state text not null,
      reason text not null, resolve_staff_id uuid, resolve_time timestamptz,
      constraint ck_amount_mismatch_kind check (kind in
        ('quote_total', 'paper_total', 'order_total', 'line_total', 'plan_total', 'payment_total')),
      constraint ck_amount_mismatch_state check (state in ('open', 'resolved', 'cleared')),
      constraint ck_amount_mismatch_closed check ((state = 'open') = (resolve_time is null)),
      constraint ck_amount_mismatch_reason check ((state = 'resolved') = (reason <> '')),
      constraint ck_amount_mismatch_fen check (expected_fen <> found_fen),
      foreign key (institution_id, contract_id) references contract (institution_id, id),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create unique index uq_amount_mismatch_open on amount_mismatch (institution_id, contract_id, kind, order_id)"
        " nulls not distinct where state = 'open'"
    )
    op.execute("create index ix_amount_mismatch_contract on amount_mismatch (institution_id, contract_id, kind)")
    op.execute("create index ix_amount_mismatch_time on amount_mismatch (institution_id, create_time, id)")
    protect(op, "amount_mismatch", campus="campus_id", owner="owner_id")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
