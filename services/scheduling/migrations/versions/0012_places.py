"""Waiting lists, opening conditions and stages of class groups, and students who pause."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0012"
down_revision = "0011"

_TABLES = {
    "waiting_entry": """campus_id uuid not null, class_group_id uuid not null, student_id uuid not null,
      state text not null, offer_expire_time timestamptz,
      constraint ck_waiting_entry_state check (
        state in ('waiting', 'offered', 'accepted', 'declined', 'expired')),
      constraint ck_waiting_entry_offer check (state <> 'offered' or offer_expire_time is not null),
      foreign key (institution_id, class_group_id) references class_group (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "suspension": """campus_id uuid not null, student_id uuid not null, class_group_ids uuid[] not null,
      start_time timestamptz not null, return_time timestamptz not null, end_time timestamptz, state text not null,
      reason text not null, staff_id uuid not null, return_problem text not null,
      constraint ck_suspension_times check (start_time < return_time),
      constraint ck_suspension_state check (state in ('suspended', 'returned', 'stuck')),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
}
_UP = (
    """alter table class_group add column held_count bigint not null default 0,
      add column offer_hours bigint not null default 48, add column stage text not null default 'running',
      add column min_members bigint not null default 0, add column open_by_date date,
      add column needs_teacher boolean not null default false, add column warn_time timestamptz,
      add constraint ck_class_group_stage check (stage in ('forming', 'running', 'finished', 'cancelled')),
      add constraint ck_class_group_held check (held_count >= 0 and member_count + held_count <= capacity)""",
    (
        "create unique index uq_waiting_entry_live on waiting_entry (institution_id, class_group_id, student_id)"
        " where state in ('waiting', 'offered')"
    ),
    "create index ix_waiting_entry_offer on waiting_entry (institution_id, offer_expire_time) where state = 'offered'",
    ("create index ix_suspension_return on suspension (institution_id, return_time) where state = 'suspended'"),
    (
        "create unique index uq_suspension_live on suspension (institution_id, student_id)"
        " where state in ('suspended', 'stuck')"
    ),
)
_DOWN = (
    "alter table class_group drop constraint ck_class_group_held, drop constraint ck_class_group_stage",
    """alter table class_group drop column held_count, drop column offer_hours, drop column stage,
      drop column min_members, drop column open_by_date, drop column needs_teacher, drop column warn_time""",
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table, campus="campus_id")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
