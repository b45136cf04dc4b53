"""Hours and money that a chain brings along: orders without a quote, and the imports that were taken back."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0046"
down_revision = "0045"

_TABLES = {
    "opening_balance": """campus_id uuid not null, import_id uuid not null, student_id uuid not null,
      course_id uuid not null, order_id uuid not null, hundredths bigint not null, gift_hundredths bigint not null,
      amount_fen bigint not null,
      constraint ck_opening_balance_figures check (hundredths >= 0 and gift_hundredths >= 0
        and hundredths + gift_hundredths > 0 and amount_fen >= 0),
      foreign key (institution_id, order_id) references sales_order (institution_id, id)""",
    # One row per import, whose id it has.
    "opening_undo": "staff_id uuid not null, balance_count bigint not null, amount_fen bigint not null",
}
_KINDS = (
    "alter table lot_entry drop constraint ck_lot_entry_kind, add constraint ck_lot_entry_kind check (kind in ({}))"
    " not valid"
)
_BEFORE = (
    "'consume', 'reverse', 'refund', 'freeze', 'unfreeze', 'expire', 'transfer_out', 'transfer_in', 'transfer_undo',"
    " 'forfeit'"
)


def upgrade() -> None:
    """Create the tables; a contract may stand without a quote, and a lot learns one more way to lose hours."""
    chassis.create_rows(op, _TABLES)
    op.execute("alter table contract alter column quote_id drop not null")
    op.execute(_KINDS.format(f"{_BEFORE}, 'opening_undo'"))
    op.execute("alter table lot_entry validate constraint ck_lot_entry_kind")
    op.execute("create index ix_opening_balance_import on opening_balance (institution_id, import_id, id)")
    op.execute("create index ix_opening_balance_student on opening_balance (institution_id, student_id)")
    protect(op, "opening_balance", campus="campus_id", append_only=True)
    protect(op, "opening_undo", append_only=True)


def downgrade() -> None:
    """Take it away."""
    op.execute(_KINDS.format(_BEFORE))
    op.execute("alter table contract alter column quote_id set not null")
    chassis.drop_tables(op, _TABLES)
