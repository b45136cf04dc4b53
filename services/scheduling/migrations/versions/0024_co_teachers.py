"""Who has a grant for own rows meets every lesson that they teach, also beside or instead of its main teacher."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"

# Why people who do not teach meet the timetable of their campuses stands in the first migration.
_CALLER = "nullif(current_setting('app.owner', true), '')::uuid"
_OWNER = f"(select {_CALLER})"
_NO_TEACHER = f"(select not exists (select from teacher t where t.id = {_CALLER}))"  # noqa: S608 - constants only
_OF_LESSON = (
    "exists (select from lesson l where l.institution_id = {table}.institution_id and l.id = {table}.lesson_id"
    f" and {_OWNER} = any (l.teacher_ids))"
)
_AFTER = {
    "lesson": f"{_OWNER} is null or teacher_id = {_OWNER} or {_OWNER} = any (teacher_ids) or {_NO_TEACHER}",
    "attendance": f"{_OWNER} is null or teacher_id = {_OWNER} or {_OF_LESSON.format(table='attendance')}",
    "leave_request": f"{_OWNER} is null or lesson_teacher_id = {_OWNER} or {_OF_LESSON.format(table='leave_request')}",
    "trial": (
        f"{_OWNER} is null or teacher_id = {_OWNER} or owner_id = {_OWNER} or {_OF_LESSON.format(table='trial')}"
    ),
}
_BEFORE = {
    "lesson": f"{_OWNER} is null or teacher_id = {_OWNER} or {_NO_TEACHER}",
    "attendance": f"{_OWNER} is null or teacher_id = {_OWNER}",
    "leave_request": f"{_OWNER} is null or lesson_teacher_id = {_OWNER}",
    "trial": f"{_OWNER} is null or teacher_id = {_OWNER} or owner_id = {_OWNER}",
}


def upgrade() -> None:
    """Widen the policies."""
    _let(_AFTER)


def downgrade() -> None:
    """Put them back."""
    _let(_BEFORE)


def _let(rules: dict[str, str]) -> None:
    for table, rule in rules.items():
        for policy in ("owner", "owner_update"):
            op.execute(f"alter policy {policy} on {table} using ({rule})")
