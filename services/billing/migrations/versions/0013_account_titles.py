"""Numbers and names that an institution gives the accounts of its books."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0013"
down_revision = "0012"

_TABLES = {
    "account_title": """code text not null, number text not null, name_zh text not null, name_en text not null,
      staff_id uuid not null, constraint uq_account_title_code unique (institution_id, code)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    protect(op, "account_title")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
