"""Approvals on their way through flows, which may be for a campus and for a discount."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0004"
down_revision = "0003"

_TABLES = {
    "approval": """campus_id uuid not null, subject text not null, subject_id uuid not null, requester_id uuid,
      amount_fen bigint not null, discount_basis_points bigint not null, approval_flow_id uuid not null,
      steps text[] not null, step bigint not null, role text not null, state text not null,
      step_time timestamptz not null, overdue_time timestamptz, finish_time timestamptz,
      constraint ck_approval_state check (state in ('waiting', 'approved', 'rejected', 'withdrawn')),
      constraint ck_approval_finish check ((state = 'waiting') = (finish_time is null)),
      constraint ck_approval_role check ((state = 'waiting') = (role <> '')),
      foreign key (institution_id, approval_flow_id) references approval_flow (institution_id, id)""",
    "approval_decision": """campus_id uuid not null, approval_id uuid not null, step bigint not null,
      role text not null, staff_id uuid not null, approved boolean not null, reason text not null,
      constraint uq_approval_decision_step unique (institution_id, approval_id, step),
      constraint uq_approval_decision_staff unique (institution_id, approval_id, staff_id),
      foreign key (institution_id, approval_id) references approval (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables; flows learn campus and discount."""
    op.execute(
        "alter table approval_flow add column campus_id uuid,"
        " add column from_discount_basis_points bigint not null default 0,"
        " drop constraint uq_approval_flow_amount,"
        " add constraint uq_approval_flow_reach unique nulls not distinct"
        " (institution_id, subject, campus_id, from_amount_fen, from_discount_basis_points),"
        " add constraint ck_approval_flow_discount check (from_discount_basis_points between 0 and 10000)"
    )
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_approval_waiting on approval (institution_id, role) where state = 'waiting'")
    op.execute("create index ix_approval_time on approval (institution_id, create_time, id)")
    protect(op, "approval", campus="campus_id", owner="requester_id")
    protect(op, "approval_decision", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    op.execute(
        "alter table approval_flow drop constraint uq_approval_flow_reach, drop column campus_id,"
        " drop column from_discount_basis_points,"
        " add constraint uq_approval_flow_amount unique (institution_id, subject, from_amount_fen)"
    )
