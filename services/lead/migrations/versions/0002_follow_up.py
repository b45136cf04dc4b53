"""First answers on the clock, plans, watched tasks, and what a chain has decided about selling."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0002"
down_revision = "0001"

_TABLES = {
    "working_hours": """campus_id uuid not null, openings jsonb not null, closed_dates text[] not null,
      constraint ck_working_hours_campus check (id = campus_id)""",
    "sales_policy": """response_limit_minutes bigint not null, reminder_minutes bigint not null,
      escalate_minutes bigint not null,
      constraint ck_sales_policy_one check (id = institution_id)""",
    "follow_up_plan": "name text not null, campus_id uuid, steps jsonb not null, paused boolean not null",
    "plan_run": """plan_id uuid not null, lead_id uuid not null, state text not null, stop_reason text not null,
      step_count bigint not null, staff_id uuid, end_time timestamptz,
      constraint ck_plan_run_state check (state in ('running', 'done', 'stopped')),
      constraint ck_plan_run_stopped check ((state = 'stopped') = (stop_reason <> '')),
      constraint ck_plan_run_end check ((state = 'running') = (end_time is null)),
      foreign key (institution_id, plan_id) references follow_up_plan (institution_id, id),
      foreign key (institution_id, lead_id) references lead (institution_id, id)""",
}
# Leads that are there already are not measured: their first answer is long past or was never noted.
_UP = (
    (
        "alter table lead add column response_state text default 'exempt', add column response_due_time timestamptz,"
        " add column first_response_time timestamptz, add column first_response_minutes bigint"
    ),
    (
        "alter table lead alter column response_state drop default, add constraint ck_lead_response"
        " check (response_state in ('waiting', 'met', 'breached', 'exempt')),"
        " add constraint ck_lead_first_response"
        " check ((first_response_time is null) = (first_response_minutes is null))"
    ),
    "create index ix_lead_clock_new on lead (institution_id, id) where response_state is null and state = 'open'",
    (
        "create index ix_lead_clock_due on lead (institution_id, response_due_time)"
        " where response_state = 'waiting' and state = 'open'"
    ),
    (
        "alter table task add column plan_run_id uuid, add column watch text not null default '',"
        " add column next_watch_time timestamptz, add column overdue_time timestamptz, add column escalated_to_id uuid"
    ),
    (
        "alter table task drop constraint ck_task_state,"
        " add constraint ck_task_state check (state in ('open', 'done', 'cancelled')),"
        " add constraint ck_task_watch check (watch in ('', 'reminded', 'overdue', 'escalated'))"
    ),
    "create index ix_task_watch on task (institution_id, next_watch_time) where state = 'open'",
    "create index ix_task_plan_run on task (institution_id, plan_run_id) where plan_run_id is not null",
    "create unique index uq_plan_run_running on plan_run (institution_id, lead_id, plan_id) where state = 'running'",
    "create index ix_plan_run_lead on plan_run (institution_id, lead_id, id)",
    (
        "alter table follow_up add column contact_time timestamptz,"
        " add column direction text not null default 'outbound',"
        " add column duration_seconds bigint not null default 0, add column result text not null default '',"
        " add column notes_sealed bytea"
    ),
)
_DOWN = (
    "drop index ix_task_watch, ix_task_plan_run, ix_lead_clock_new, ix_lead_clock_due",
    (
        "alter table follow_up drop column contact_time, drop column direction, drop column duration_seconds,"
        " drop column result, drop column notes_sealed"
    ),
    "update task set state = 'done' where state = 'cancelled'",
    (
        "alter table task drop constraint ck_task_state, drop constraint ck_task_watch,"
        " add constraint ck_task_state check (state in ('open', 'done')),"
        " drop column plan_run_id, drop column watch, drop column next_watch_time, drop column overdue_time,"
        " drop column escalated_to_id"
    ),
    (
        "alter table lead drop column response_state, drop column response_due_time, drop column first_response_time,"
        " drop column first_response_minutes"
    ),
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "working_hours", campus="campus_id")
    protect(op, "follow_up_plan", campus="campus_id", campus_optional=True)
    protect(op, "sales_policy")
    protect(op, "plan_run")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
