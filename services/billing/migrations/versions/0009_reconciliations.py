"""Statements, what they confirm, and what differs; payments remember what their provider calls them."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0009"
down_revision = "0008"

_OF_RECONCILIATION = "foreign key (institution_id, reconciliation_id) references reconciliation (institution_id, id)"
_TABLES = {
    "reconciliation": """method text not null, layout text not null, file_name text not null,
      start_date date not null, end_date date not null, fee_basis_points bigint, state text not null,
      lines jsonb not null, line_count bigint not null, match_count bigint not null,
      difference_count bigint not null, staff_id uuid not null, finish_time timestamptz,
      constraint ck_reconciliation_dates check (end_date >= start_date),
      constraint ck_reconciliation_state check (state in ('waiting', 'done', 'cancelled'))""",
    "reconciliation_match": f"""reconciliation_id uuid not null, line_number bigint not null, source_id uuid not null,
      constraint uq_reconciliation_match_source unique (institution_id, reconciliation_id, source_id),
      {_OF_RECONCILIATION}""",
    "reconciliation_item": f"""reconciliation_id uuid not null, campus_id uuid, kind text not null,
      line_number bigint, transaction_id text not null, reference text not null, is_refund boolean not null,
      statement_fen bigint, book_fen bigint, source_id uuid, state text not null, note text not null,
      staff_id uuid, close_time timestamptz,
      constraint ck_reconciliation_item_kind
        check (kind in ('missing_here', 'missing_there', 'amount', 'duplicate', 'state', 'fee')),
      constraint ck_reconciliation_item_state check (state in ('open', 'explained', 'resolved')),
      {_OF_RECONCILIATION}""",
}


def upgrade() -> None:
    """Create the tables."""
    op.execute("alter table payment add column reference text")
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_reconciliation_waiting on reconciliation (institution_id, id) where state = 'waiting'")
    op.execute("create index ix_reconciliation_match_source on reconciliation_match (institution_id, source_id)")
    op.execute("create index ix_reconciliation_item_of on reconciliation_item (institution_id, reconciliation_id, id)")
    protect(op, "reconciliation")
    protect(op, "reconciliation_match", append_only=True)
    protect(op, "reconciliation_item", campus="campus_id")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    op.execute("alter table payment drop column reference")
