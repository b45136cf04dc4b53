"""Quotes that were sent to families and taken back."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_STATE = "alter table quote drop constraint ck_quote_state, add constraint ck_quote_state check (state in ({states}))"


def upgrade() -> None:
    """Add the columns and the state."""
    op.execute(
        "alter table quote add column send_time timestamptz, add column send_count bigint not null default 0,"
        " add column void_time timestamptz, add column void_reason text not null default '',"
        " add column confirmed_by_family boolean not null default false"
    )
    op.execute("alter table quote_line add column title text not null default ''")
    op.execute(_STATE.format(states="'draft', 'sent', 'confirmed', 'expired', 'void'"))
    op.execute("create index ix_quote_open on quote (institution_id, expire_time) where state in ('draft', 'sent')")


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_quote_open")
    op.execute(_STATE.format(states="'draft', 'confirmed', 'expired', 'void'"))
    op.execute("alter table quote_line drop column title")
    for column in ("send_time", "send_count", "void_time", "void_reason", "confirmed_by_family"):
        op.execute(f"alter table quote drop column {column}")
