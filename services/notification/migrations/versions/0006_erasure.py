"""Personal cells that may be emptied when somebody asks to be forgotten."""

from __future__ import annotations

from alembic import op

from shared import chassis

revision = "0006"
down_revision = "0005"

_COLUMNS: dict[str, tuple[str, ...]] = {
    "contact": ("name_sealed", "phone_sealed", "email_sealed"),
    "pupil": ("name_sealed",),
    "message": ("address_sealed", "subject_sealed", "body_sealed"),
}


def upgrade() -> None:
    """Create the function and mark the columns."""
    chassis.create_erasure(op, _COLUMNS)


def downgrade() -> None:
    """Drop the function and the marks."""
    chassis.drop_erasure(op, _COLUMNS)
