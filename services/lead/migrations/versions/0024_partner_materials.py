"""What channel partners are given to work with."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0024"
down_revision = "0023"

_TABLES = {
    "partner_material": """partner_id uuid, title text not null, link text not null, text text not null,
      start_time timestamptz not null, end_time timestamptz, staff_id uuid,
      constraint ck_partner_material_said check (link <> '' or text <> ''),
      constraint ck_partner_material_period check (end_time > start_time),
      foreign key (institution_id, partner_id) references partner (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_partner_material_partner on partner_material (institution_id, partner_id, id)")
    protect(op, "partner_material")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
