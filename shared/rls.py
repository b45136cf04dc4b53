"""Row-level security and grants for one table, used in migrations.

Policies read settings that `shared.db` makes at BEGIN. Settings are read in sub-selects, once per statement.
Only leak-proof operators appear here; anything else would keep queries from their indexes.
"""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import text

_INSTITUTION = "institution_id = (select nullif(current_setting('app.institution', true), '')::uuid)"
_SYSTEM = "(select current_setting('app.system', true)) = 'on'"
_CAMPUS = (
    "(select current_setting('app.campuses', true)) = '*' or {column} ="
    " any ((select string_to_array(nullif(current_setting('app.campuses', true), '*'), ',')::uuid[])::uuid[])"
)
_OWNER = (
    "(select coalesce(current_setting('app.owner', true), '')) = '' or {column} ="
    " (select nullif(current_setting('app.owner', true), '')::uuid)"
)
# Marks a column with personal data of somebody who may ask to be forgotten.
ERASABLE = "personal: may be emptied"


def protect(
    op: Operations,
    table: str,
    *,
    campus: str | None = None,
    campus_optional: bool = False,
    owner: str | None = None,
    append_only: bool = False,
    deletable: bool = False,
    system: bool = False,
) -> None:
    """Enable and force row-level security and grant the app role what it needs, and no more.

    `campus` and `owner` name columns; rows without a campus are visible to all only with `campus_optional`.
    `append_only` gives no UPDATE and no DELETE; `deletable` is for queues; `system` lets `Database.system` in.
    """
    institution = f"({_INSTITUTION} or {_SYSTEM})" if system else _INSTITUTION
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy institution on {table} using ({institution}) with check ({institution})")
    if campus:
        rule = _CAMPUS.format(column=campus)
        rule = f"{campus} is null or {rule}" if campus_optional else rule
        op.execute(f"create policy campus on {table} as restrictive using ({rule}) with check ({rule})")
    if owner:
        limit_owners(op, table, _OWNER.format(column=owner))
    verbs = "select, insert" if append_only else "select, insert, update"
    op.execute(f"grant {verbs}{', delete' if deletable else ''} on {table} to {app_role(op)}")


def limit_owners(op: Operations, table: str, rule: str) -> None:
    """Let callers whose grant is for their own rows read and change only those that meet the rule."""
    op.execute(f"create policy owner on {table} as restrictive for select using ({rule})")
    op.execute(f"create policy owner_update on {table} as restrictive for update using ({rule}) with check (true)")


def app_role(op: Operations) -> str:
    """Return the app role that belongs to the owner role that runs the migration."""
    owner = op.get_bind().execute(text("select current_user")).scalar_one()
    return str(owner).removesuffix("_owner") + "_app"


def let_erase(op: Operations, table: str, *columns: str) -> None:
    """Let `empty_cells` empty personal columns of a table, append-only or not."""
    for column in columns:
        op.execute(f"comment on column {table}.{column} is '{ERASABLE}'")
