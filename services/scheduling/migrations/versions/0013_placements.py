"""Where new students were placed, by whom and why."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0013"
down_revision = "0012"

_TABLES = {
    "placement": """campus_id uuid not null, student_id uuid not null, class_group_id uuid not null,
      proposed_class_group_id uuid, manual boolean not null, reason text not null, staff_id uuid not null,
      constraint ck_placement_reason check (not manual or reason <> ''),
      foreign key (institution_id, class_group_id) references class_group (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_placement_student on placement (institution_id, student_id)")
    protect(op, "placement", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
