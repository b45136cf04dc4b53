"""Invitations to trials, one-to-one trials, every step of a trial; for whom a course is.

A column keeps the words `closed` and `attended`: code of before still writes them, and reads what is new.
"""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0003"
down_revision = "0002"

_TABLES = {
    "trial_step": """campus_id uuid not null, trial_id uuid not null, state text not null, staff_id uuid,
      reason text not null, constraint ck_trial_step_state check (
        state in ('invited', 'booked', 'attended', 'no_show', 'cancelled')),
      foreign key (institution_id, trial_id) references trial (institution_id, id)""",
}
_UP = (
    (
        "alter table trial alter column lesson_id drop not null, alter column lesson_start_time drop not null,"
        " add column one_to_one boolean, add column previous_trial_id uuid, drop constraint ck_trial_state"
    ),
    (
        "alter table trial add constraint ck_trial_state check (state in ('invited', 'booked', 'closed', 'cancelled')),"
        " add constraint ck_trial_seat check (state in ('invited', 'cancelled') or"
        " (lesson_id is not null and lesson_start_time is not null))"
    ),
    "create unique index uq_trial_invited on trial (institution_id, lead_id) where state = 'invited'",
    "create index ix_trial_step_trial on trial_step (institution_id, trial_id, create_time)",
    (
        "alter table course add column school_grades text[], add column least_age_years bigint,"
        " add column most_age_years bigint"
    ),
)
_DOWN = (
    "alter table course drop column school_grades, drop column least_age_years, drop column most_age_years",
    "drop index uq_trial_invited",
    "alter table trial drop constraint ck_trial_seat, drop constraint ck_trial_state",
    "delete from trial where lesson_id is null",
    (
        "alter table trial drop column one_to_one, drop column previous_trial_id,"
        " alter column lesson_id set not null, alter column lesson_start_time set not null,"
        " add constraint ck_trial_state check (state in ('booked', 'closed', 'cancelled'))"
    ),
)


def upgrade() -> None:
    """Create the table and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "trial_step", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
