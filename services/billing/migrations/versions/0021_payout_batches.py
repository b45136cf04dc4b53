"""Statements that are paid together, and debts between campuses that are offset."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0021"
down_revision = "0020"

_TABLES = {
    "payout_batch": """party text not null, state text not null, item_count bigint not null, amount_fen bigint not null,
      staff_id uuid not null, finish_staff_id uuid, finish_time timestamptz,
      constraint ck_payout_batch_party check (party in ('advisor', 'teacher', 'partner')),
      constraint ck_payout_batch_state check (state in ('draft', 'paid', 'cancelled'))""",
    "payout_item": """campus_id uuid not null, payout_batch_id uuid not null, settlement_id uuid not null,
      party_id uuid not null, amount_fen bigint not null, offset_fen bigint not null, cancelled boolean not null,
      constraint ck_payout_item_amounts check (offset_fen between 0 and amount_fen),
      foreign key (institution_id, payout_batch_id) references payout_batch (institution_id, id),
      foreign key (institution_id, settlement_id) references settlement (institution_id, id)""",
    "netting": """state text not null, positions jsonb not null, amount_fen bigint not null, staff_id uuid not null,
      finish_staff_id uuid, finish_time timestamptz, constraint ck_netting_amount check (amount_fen >= 0),
      constraint ck_netting_state check (state in ('draft', 'paid', 'cancelled'))""",
}
_INDEXES = (
    "create index ix_payout_item_batch on payout_item (institution_id, payout_batch_id, id)",
    "create unique index uq_payout_item_settlement on payout_item (institution_id, settlement_id) where not cancelled",
    "create unique index uq_netting_draft on netting (institution_id) where state = 'draft'",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "payout_batch")
    protect(op, "payout_item", campus="campus_id")
    protect(op, "netting")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
