"""What somebody decides when a student changes to another course or campus."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0033"
down_revision = "0032"

_TABLES = {
    "transfer_proposal": """campus_id uuid not null, student_id uuid not null, source_campus_id uuid not null,
      source_course_id uuid not null, source_class_group_id uuid not null, target_course_id uuid not null,
      target_class_group_id uuid not null, move_time timestamptz not null, state text not null, reason text not null,
      staff_id uuid,
      constraint ck_transfer_proposal_state check (state in ('unchanged', 'proposed', 'settled', 'declined'))""",
}
_IN_REACH = "any ((select string_to_array(nullif(current_setting('app.campuses', true), '*'), ',')::uuid[])::uuid[])"
_CHAIN = "(select current_setting('app.campuses', true)) = '*'"
# Where a student leaves and where they come, both see what is proposed; to decline it takes both (the action says so).
_SEEN = f"{_CHAIN} or campus_id = {_IN_REACH} or source_campus_id = {_IN_REACH}"


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_transfer_proposal_student on transfer_proposal (institution_id, student_id)")
    op.execute("create index ix_transfer_proposal_time on transfer_proposal (institution_id, create_time, id)")
    protect(op, "transfer_proposal")
    op.execute(f"create policy campus on transfer_proposal as restrictive using ({_SEEN}) with check ({_SEEN})")


def downgrade() -> None:
    """Drop it."""
    chassis.drop_tables(op, _TABLES)
