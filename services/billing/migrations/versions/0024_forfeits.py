"""Hours that are given up, once somebody else has agreed."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0024"
down_revision = "0023"

_TABLES = {
    "forfeit": """campus_id uuid not null, lot_id uuid not null, student_id uuid not null, hundredths bigint not null,
      amount_fen bigint not null, state text not null, reason text not null, request_staff_id uuid not null,
      decision text not null, decide_staff_id uuid, decide_time timestamptz,
      constraint ck_forfeit_figures check (hundredths > 0 and amount_fen >= 0),
      constraint ck_forfeit_state check (state in ('requested', 'approved', 'rejected')),
      foreign key (institution_id, lot_id) references lot (institution_id, id)""",
}
_KINDS = (
    "alter table lot_entry drop constraint ck_lot_entry_kind, add constraint ck_lot_entry_kind check (kind in ({}))"
    " not valid"
)
_BEFORE = (
    "'consume', 'reverse', 'refund', 'freeze', 'unfreeze', 'expire', 'transfer_out', 'transfer_in', 'transfer_undo'"
)


def upgrade() -> None:
    """Create the table; a lot learns one more way to lose hours."""
    chassis.create_rows(op, _TABLES)
    op.execute(_KINDS.format(f"{_BEFORE}, 'forfeit'"))
    op.execute("alter table lot_entry validate constraint ck_lot_entry_kind")
    op.execute("create unique index uq_forfeit_pending on forfeit (institution_id, lot_id) where state = 'requested'")
    op.execute("create index ix_forfeit_time on forfeit (institution_id, create_time, id)")
    protect(op, "forfeit", campus="campus_id")


def downgrade() -> None:
    """Take it away."""
    op.execute(_KINDS.format(_BEFORE))
    chassis.drop_tables(op, _TABLES)
