"""Vouchers: journals by campus, day and kind, numbered without gaps, and how their files are laid out."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0016"
down_revision = "0015"

_OF_BATCH = "foreign key (institution_id, batch_id) references voucher_batch (institution_id, id)"
_TABLES = {
    "voucher_batch": """start_date date not null, end_date date not null, grouping text not null, state text not null,
      titles jsonb not null, part_count bigint not null, voucher_count bigint not null, journal_count bigint not null,
      debit_fen bigint not null, staff_id uuid not null, finish_time timestamptz,
      constraint ck_voucher_batch_dates check (end_date >= start_date),
      constraint ck_voucher_batch_grouping check (grouping in ('day', 'journal')),
      constraint ck_voucher_batch_state check (state in ('waiting', 'done'))""",
    "voucher": f"""campus_id uuid not null, batch_id uuid not null, part_number bigint not null, kind text not null,
      voucher_date date not null, period_start_date date not null, number bigint not null,
      constraint uq_voucher_number unique (institution_id, campus_id, period_start_date, number), {_OF_BATCH}""",
    "voucher_journal": """campus_id uuid not null, journal_id uuid not null, voucher_id uuid not null,
      constraint uq_voucher_journal unique (institution_id, journal_id, campus_id),
      foreign key (institution_id, journal_id) references journal (institution_id, id),
      foreign key (institution_id, voucher_id) references voucher (institution_id, id)""",
    "voucher_layout": """code text not null, voucher_word text not null, columns jsonb not null,
      staff_id uuid not null, constraint uq_voucher_layout_code unique (institution_id, code)""",
}
_INDEXES = (
    "create index ix_voucher_batch_waiting on voucher_batch (institution_id, id) where state = 'waiting'",
    "create index ix_voucher_part on voucher (institution_id, batch_id, part_number)",
    "create index ix_voucher_journal_voucher on voucher_journal (institution_id, voucher_id)",
    "create index ix_journal_post_date on journal (institution_id, post_date, id)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "voucher_batch")
    protect(op, "voucher_layout")
    for table in ("voucher", "voucher_journal"):
        protect(op, table, campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_journal_post_date")
    chassis.drop_tables(op, _TABLES)
