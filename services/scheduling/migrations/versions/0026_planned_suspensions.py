"""Suspensions that begin on a later day."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

_STATES = (
    "alter table suspension drop constraint ck_suspension_state,"
    " add constraint ck_suspension_state check (state in ({})) not valid"
)
_VALIDATE = "alter table suspension validate constraint ck_suspension_state"
_BEFORE = "'suspended', 'returned', 'stuck'"
_LIVE = "create unique index uq_suspension_live on suspension (institution_id, student_id) where state in ({})"


def upgrade() -> None:
    """Allow the state, and find whose day has come."""
    op.execute(_STATES.format(f"'planned', {_BEFORE}, 'withdrawn'"))
    op.execute(_VALIDATE)
    op.execute("drop index uq_suspension_live")
    op.execute(_LIVE.format("'planned', 'suspended', 'stuck'"))
    op.execute("create index ix_suspension_start on suspension (institution_id, start_time) where state = 'planned'")


def downgrade() -> None:
    """Let go of plans."""
    op.execute("update suspension set state = 'returned' where state in ('planned', 'withdrawn')")
    op.execute("drop index ix_suspension_start")
    op.execute("drop index uq_suspension_live")
    op.execute(_LIVE.format("'suspended', 'stuck'"))
    op.execute(_STATES.format(_BEFORE))
    op.execute(_VALIDATE)
