"""Comments that families let us show."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0013"
down_revision = "0012"

_TABLES = {
    "family_comment": """campus_id uuid not null, invitation_id uuid not null, teacher_id uuid, class_group_id uuid,
      rating bigint, state text not null, reason text not null, staff_id uuid, text_sealed bytea,
      constraint uq_family_comment_invitation unique (institution_id, invitation_id),
      constraint ck_family_comment_state check (state in ('waiting', 'published', 'declined')),
      constraint ck_family_comment_rating check (rating between 1 and 5),
      constraint ck_family_comment_reason check (state <> 'declined' or reason <> ''),
      foreign key (institution_id, invitation_id) references survey_invitation (institution_id, id)""",
}


def upgrade() -> None:
    """Create the table."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_family_comment_state on family_comment (institution_id, state, create_time desc)")
    protect(op, "family_comment", campus="campus_id")


def downgrade() -> None:
    """Drop the table."""
    chassis.drop_tables(op, _TABLES)
