"""Rules for absences, how an attendance was taken, what billing said about it, and the history of codes.

Columns have defaults: code of before writes rows without them.
"""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0007"
down_revision = "0006"

_TABLES = {
    "attendance_code_change": """attendance_code_id uuid not null, name text not null,
      charge_factor_hundredths bigint not null, makeup_entitled boolean not null, counts_as_present boolean not null,
      active boolean not null, actor_id uuid not null,
      foreign key (institution_id, attendance_code_id) references attendance_code (institution_id, id)""",
    "absence_rule": """code text not null, course_id uuid, least_notice_minutes bigint not null,
      charge_factor_hundredths bigint not null, makeup_entitled boolean not null, end_time timestamptz, ended_by uuid,
      constraint ck_absence_rule_figures check (
        least_notice_minutes >= 0 and charge_factor_hundredths between 0 and 100),
      foreign key (institution_id, code) references attendance_code (institution_id, code),
      foreign key (institution_id, course_id) references course (institution_id, id)""",
}
_DEPTH = """add column early_leave_minutes bigint not null default 0, add column charge_factor_hundredths bigint,
  add column absence_rule_id uuid, add column notice_minutes bigint,
  add column method text not null default 'roll_call',
  add column device_id uuid"""
_UP = (
    "alter table attendance_code add column active boolean not null default true",
    f"""alter table attendance {_DEPTH}, add column makeup_entitled boolean not null default false,
      add column billing_revision bigint not null default 0, add column billing_state text not null default '',
      add column billing_reason text not null default '', add column consumed_hundredths bigint,
      add column remaining_hundredths bigint""",
    f"alter table attendance_change {_DEPTH}",
    (
        "create unique index uq_absence_rule_live on absence_rule (institution_id, code,"
        " (coalesce(course_id, '00000000-0000-0000-0000-000000000000'::uuid)), least_notice_minutes)"
        " where end_time is null"
    ),
    "create index ix_attendance_code_change_code on attendance_code_change (institution_id, attendance_code_id)",
)
_DEPTH_GONE = """drop column early_leave_minutes, drop column charge_factor_hundredths, drop column absence_rule_id,
  drop column notice_minutes, drop column method, drop column device_id"""
_DOWN = (
    f"alter table attendance_change {_DEPTH_GONE}",
    f"""alter table attendance {_DEPTH_GONE}, drop column makeup_entitled, drop column billing_revision,
      drop column billing_state, drop column billing_reason, drop column consumed_hundredths,
      drop column remaining_hundredths""",
    "alter table attendance_code drop column active",
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "attendance_code_change", append_only=True)
    protect(op, "absence_rule")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
