"""Invitations and reminders of trials, what plans go on after, why tasks were cancelled, families who opted out."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

_UP = (
    (
        "alter table trial alter column start_time drop not null, add column course_name text,"
        " add column teaching_campus_id uuid,"
        " add column reminder_time timestamptz, drop constraint ck_trial_state, drop constraint ck_trial_result"
    ),
    (
        "alter table trial add constraint ck_trial_state"
        " check (state in ('invited', 'booked', 'attended', 'no_show', 'cancelled')),"
        " add constraint ck_trial_result check (state in ('invited', 'booked', 'cancelled') or result <> ''),"
        " add constraint ck_trial_start check (state not in ('booked', 'attended', 'no_show')"
        " or start_time is not null)"
    ),
    "create index ix_trial_booked on trial (institution_id, teaching_campus_id, start_time) where state = 'booked'",
    "alter table follow_up_plan add column continues_after text[]",
    "alter table plan_run add column continues_after text[]",
    "alter table task add column cancel_reason text",
    "alter table lead add column opt_out_time timestamptz",
)
_DOWN = (
    "alter table lead drop column opt_out_time",
    "alter table task drop column cancel_reason",
    "alter table plan_run drop column continues_after",
    "alter table follow_up_plan drop column continues_after",
    (
        "alter table trial drop constraint ck_trial_start, drop constraint ck_trial_state,"
        " drop constraint ck_trial_result, drop column course_name, drop column teaching_campus_id,"
        " drop column reminder_time"
    ),
    "delete from trial where start_time is null",
    (
        "alter table trial alter column start_time set not null, add constraint ck_trial_state"
        " check (state in ('booked', 'attended', 'no_show', 'cancelled')),"
        " add constraint ck_trial_result check (state in ('booked', 'cancelled') or result <> '')"
    ),
)


def upgrade() -> None:
    """Add the columns."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
