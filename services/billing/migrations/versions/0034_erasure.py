"""Personal cells that may be emptied when somebody asks to be forgotten."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0034"
down_revision = "0033"

_COLUMNS: dict[str, tuple[str, ...]] = {
    "quote": ("void_reason",),
    "refund": ("reason", "decision"),
    "transfer": ("reason", "undo_reason"),
    "forfeit": ("reason", "decision"),
    "transfer_proposal": ("reason",),
    "quote_teaching": ("age_years",),
}


def upgrade() -> None:
    """Create the function and mark the columns."""
    chassis.create_erasure(op, _COLUMNS)


def downgrade() -> None:
    """Drop the function and the marks."""
    chassis.drop_erasure(op, _COLUMNS)
