"""Orders that are paid in instalments, and what an institution does about unpaid ones."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0014"
down_revision = "0013"

_TABLES = {
    "instalment_policy": """start_date date not null, unpaid text not null, stage_days bigint[] not null,
      staff_id uuid not null,
      constraint uq_instalment_policy_start unique (institution_id, start_date),
      constraint ck_instalment_policy_unpaid check (unpaid in ('stop', 'receivable'))""",
    "instalment": """campus_id uuid not null, owner_id uuid, order_id uuid not null, customer_id uuid not null,
      number bigint not null, due_date date not null, amount_fen bigint not null, cumulative_fen bigint not null,
      paid_fen bigint not null, state text not null, unpaid text not null, stage_days bigint,
      constraint ck_instalment_amounts check (amount_fen > 0 and paid_fen between 0 and amount_fen
        and cumulative_fen >= amount_fen),
      constraint ck_instalment_state check (case state when 'due' then paid_fen = 0
        when 'part' then paid_fen > 0 and paid_fen < amount_fen when 'paid' then paid_fen = amount_fen
        else state = 'ended' end),
      constraint ck_instalment_unpaid check (unpaid in ('stop', 'receivable')),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    # A plan that another one replaced has ended.
    op.execute(
        "create unique index uq_instalment_number on instalment (institution_id, order_id, number)"
        " where state <> 'ended'"
    )
    op.execute(
        "create index ix_instalment_open on instalment (institution_id, campus_id, due_date)"
        " where state in ('due', 'part')"
    )
    protect(op, "instalment_policy", append_only=True)
    protect(op, "instalment", campus="campus_id", owner="owner_id")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
