"""Who has a grant for own rows meets the class groups that they teach beside or instead of the main teacher."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"

# Why people who do not teach meet the timetable of their campuses stands in the first migration.
_CALLER = "nullif(current_setting('app.owner', true), '')::uuid"
_OWNER = f"(select {_CALLER})"
_NO_TEACHER = f"(select not exists (select from teacher t where t.id = {_CALLER}))"  # noqa: S608 - constants only
_BEFORE = f"{_OWNER} is null or teacher_id = {_OWNER} or {_NO_TEACHER}"
# Computed once for a statement. Half a year back: who helped out once long ago has no business with the group of today.
_TAUGHT = f"""id in (select g.resource_id from lesson_resource t
  join lesson_resource g on g.institution_id = t.institution_id and g.lesson_id = t.lesson_id
    and g.resource_kind = 'class_group' and g.state = 'live'
  where t.institution_id = (select nullif(current_setting('app.institution', true), '')::uuid)
    and t.resource_id = {_OWNER} and t.state = 'live' and t.start_time > now() - interval '180 days')"""  # noqa: S608 - constants only


def upgrade() -> None:
    """Widen what they read; to change a group stays with whoever leads it."""
    op.execute(f"alter policy owner on class_group using ({_BEFORE} or {_TAUGHT})")


def downgrade() -> None:
    """Put it back."""
    op.execute(f"alter policy owner on class_group using ({_BEFORE})")
