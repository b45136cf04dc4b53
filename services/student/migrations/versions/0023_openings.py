"""Hours that files bring along, and whether an import was taken back."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0023"
down_revision = "0022"

_FIGURES = ("opening_count", "opening_hundredths", "opening_gift_hundredths", "opening_fen")
_TABLES = {
    "imported_opening": """campus_id uuid not null, import_id uuid not null, student_id uuid not null,
      course_id uuid not null, fingerprint text not null, undone boolean not null,
      foreign key (institution_id, import_id) references student_import (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table and add the columns."""
    chassis.create_rows(op, _TABLES)
    figures = ", ".join(f"add column {name} bigint not null default 0" for name in _FIGURES)
    words = "add column undo text not null default '', add column undo_reason text not null default ''"
    op.execute(f"alter table student_import {figures}, {words}")
    # The same words bring the same hours once, whichever files say them.
    op.execute(
        "create unique index ix_imported_opening on imported_opening"
        " (institution_id, student_id, course_id, fingerprint) where not undone"
    )
    op.execute("create index ix_imported_opening_import on imported_opening (institution_id, import_id)")
    protect(op, "imported_opening", campus="campus_id")


def downgrade() -> None:
    """Take them away."""
    chassis.drop_tables(op, _TABLES)
    gone = ", ".join(f"drop column {name}" for name in (*_FIGURES, "undo", "undo_reason"))
    op.execute(f"alter table student_import {gone}")
