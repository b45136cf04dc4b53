"""Plans that start by themselves: what starts them, and the leads on which they are to."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0023"
down_revision = "0022"

# A queue: a lead waits on which a plan is to start, until a job has looked at it.
_TABLES = {
    "plan_cue": """lead_id uuid not null, plan_id uuid not null,
      constraint uq_plan_cue_pair unique (institution_id, lead_id, plan_id)""",
}
_CUE = """create function cue_plans() returns trigger language plpgsql as $$ begin
  insert into plan_cue (institution_id, id, create_time, update_time, lead_id, plan_id)
    select new.institution_id, gen_random_uuid(), new.update_time, new.update_time, new.id, p.id
    from follow_up_plan p
    where p.institution_id = new.institution_id and p.start_stages is not null and not p.paused
      and (p.campus_id is null or p.campus_id = new.campus_id)
      and (p.start_stages = '{}' or new.stage = any (p.start_stages))
      and (p.start_grades = '{}' or new.grade = any (p.start_grades))
      and (p.start_stages <> '{}' and old.stage is distinct from new.stage
        or p.start_grades <> '{}' and old.grade is distinct from new.grade)
    on conflict do nothing;
  return null;
end $$"""
_UP = (
    (
        "alter table follow_up_plan add column start_stages text[], add column start_grades text[],"
        " add column start_imports boolean"
    ),
    "create index ix_plan_cue_time on plan_cue (institution_id, create_time, id)",
    _CUE,
    (
        "create trigger cue_plans after insert on lead for each row when (new.state = 'open')"
        " execute function cue_plans()"
    ),
    (
        "create trigger cue_changed_plans after update of stage, grade on lead for each row"
        " when (new.state = 'open' and (old.stage <> new.stage or old.grade <> new.grade)) execute function cue_plans()"
    ),
)
_DOWN = (
    "drop trigger cue_plans on lead",
    "drop trigger cue_changed_plans on lead",
    "drop function cue_plans()",
    "alter table follow_up_plan drop column start_stages, drop column start_grades, drop column start_imports",
)


def upgrade() -> None:
    """Create the queue, the columns and what fills the queue."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "plan_cue", deletable=True)


def downgrade() -> None:
    """Drop them."""
    for statement in _DOWN:
        op.execute(statement)
    chassis.drop_tables(op, _TABLES)
