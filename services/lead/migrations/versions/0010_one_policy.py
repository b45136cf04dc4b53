"""What a chain has decided about selling becomes settings of the lead policy, dated and per campus like the others.

The old table stays for the version before; a trigger carries over what that still writes, and what is there.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

_CARRY = """create function carry_sales_policy() returns trigger language plpgsql as $$ begin
  insert into lead_policy (institution_id, id, create_time, update_time, setting, value, start_time)
    select new.institution_id, gen_random_uuid(), new.update_time, new.update_time, s.setting, s.value, new.update_time
      from (values ('response_limit_minutes', new.response_limit_minutes), ('reminder_minutes', new.reminder_minutes),
        ('escalate_minutes', new.escalate_minutes)) as s (setting, value)
    union all
    select new.institution_id, gen_random_uuid(), new.update_time, new.update_time, w.key || '_weight',
        w.value::bigint, new.update_time
      from jsonb_each_text(case jsonb_typeof(new.scorecard_weights) when 'object' then new.scorecard_weights end) w;
  return null;
end $$"""
_UP = (
    _CARRY,
    (
        "create trigger carry_sales_policy after insert or update on sales_policy for each row"
        " execute function carry_sales_policy()"
    ),
    # The owner of the tables carries over what is there, of every institution.
    "alter table sales_policy no force row level security",
    "alter table lead_policy no force row level security",
    "update sales_policy set update_time = update_time",
    "alter table lead_policy force row level security",
    "alter table sales_policy force row level security",
)
_DOWN = ("drop trigger carry_sales_policy on sales_policy", "drop function carry_sales_policy()")


def upgrade() -> None:
    """Carry over."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Stop carrying over."""
    for statement in _DOWN:
        op.execute(statement)
