"""Handovers to teaching, opinions about trials, decision chains, and every change of a grade."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0009"
down_revision = "0008"

_OF_LEAD = "foreign key (institution_id, lead_id) references lead (institution_id, id)"
_TABLES = {
    "teaching_handover": f"""campus_id uuid not null, owner_id uuid, lead_id uuid not null, customer_id uuid not null,
      course_id uuid not null, staff_id uuid, state text not null, told_sealed bytea not null, plan_sealed bytea,
      acknowledge_time timestamptz,
      constraint ck_teaching_handover_state check (state in ('waiting', 'acknowledged')),
      constraint ck_teaching_handover_plan check ((state = 'acknowledged') = (plan_sealed is not null)), {_OF_LEAD}""",
    "contact": f"""lead_id uuid not null, person_sealed bytea not null, phone_key bytea, position text not null,
      role text not null, weight_percent bigint not null, removed boolean not null,
      constraint ck_contact_weight check (weight_percent between 0 and 100), {_OF_LEAD}""",
    "grade_change": f"""lead_id uuid not null, grade text not null, previous_grade text not null,
      by_hand boolean not null, reasons jsonb not null, reason_sealed bytea, staff_id uuid, {_OF_LEAD}""",
}
_NOTE = """create function note_grade() returns trigger language plpgsql as $$ begin
  insert into grade_change (institution_id, id, create_time, update_time, lead_id, grade, previous_grade, by_hand,
      reasons) values (new.institution_id, gen_random_uuid(), new.update_time, new.update_time, new.id, new.grade,
      old.grade, false, new.grade_reasons);
  return null;
end $$"""
_UP = (
    "alter table lead add column graded_by_hand boolean",
    _NOTE,
    (
        "create trigger note_grade after update of grade on lead for each row"
        " when (old.grade <> new.grade and new.graded_by_hand is not true) execute function note_grade()"
    ),
    "create index ix_grade_change_lead on grade_change (institution_id, lead_id, create_time, id)",
    "create index ix_contact_lead on contact (institution_id, lead_id)",
    "create index ix_contact_phone on contact (institution_id, phone_key) where phone_key is not null",
    (
        "create unique index uq_teaching_handover_waiting on teaching_handover (institution_id, lead_id, course_id)"
        " where state = 'waiting'"
    ),
    (
        "alter table trial add column opinion_sealed bytea, add column rating bigint,"
        " add column opinion_time timestamptz,"
        " drop constraint ck_trial_state, drop constraint ck_trial_result"
    ),
    (
        "alter table trial add constraint ck_trial_state"
        " check (state in ('booked', 'attended', 'no_show', 'cancelled')),"
        " add constraint ck_trial_result check (state in ('booked', 'cancelled') or result <> ''),"
        " add constraint ck_trial_rating check (rating between 1 and 5)"
    ),
)
_DOWN = (
    "drop trigger note_grade on lead",
    "drop function note_grade()",
    "alter table lead drop column graded_by_hand",
    (
        "alter table trial drop constraint ck_trial_state, drop constraint ck_trial_result, drop column opinion_sealed,"
        " drop column rating, drop column opinion_time"
    ),
    "update trial set state = 'no_show', result = 'cancelled' where state = 'cancelled'",
    (
        "alter table trial add constraint ck_trial_state check (state in ('booked', 'attended', 'no_show')),"
        " add constraint ck_trial_result check (state = 'booked' or result <> '')"
    ),
)


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "teaching_handover", campus="campus_id", owner="owner_id")
    protect(op, "contact")
    protect(op, "grade_change", append_only=True)


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
