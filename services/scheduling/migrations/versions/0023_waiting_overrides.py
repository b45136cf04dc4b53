"""Prerequisites that are overridden when a student begins to wait."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the columns."""
    op.execute(
        "alter table waiting_entry add column missing_course_ids uuid[], add column override_reason text,"
        " add column override_by uuid, add constraint ck_waiting_entry_override check ("
        "missing_course_ids is null or (override_reason <> '' and override_by is not null))"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "alter table waiting_entry drop constraint ck_waiting_entry_override, drop column missing_course_ids,"
        " drop column override_reason, drop column override_by"
    )
