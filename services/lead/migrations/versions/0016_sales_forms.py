"""How leads and sales are sold."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"

_FORMS = "sales_form in ('', 'phone', 'meeting', 'campus', 'ordinary', 'complex')"


def upgrade() -> None:
    """Add the form to both."""
    for table in ("lead", "sale"):
        op.execute(
            f"alter table {table} add column sales_form text,"
            f" add constraint ck_{table}_sales_form check ({_FORMS}) not valid"
        )
        op.execute(f"alter table {table} validate constraint ck_{table}_sales_form")


def downgrade() -> None:
    """Drop it."""
    for table in ("lead", "sale"):
        op.execute(f"alter table {table} drop column sales_form")
