"""The pool: since when a lead is in it or with its owner, what people took, invalid leads, and their flaws."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0004"
down_revision = "0003"

_OF_LEAD = "foreign key (institution_id, lead_id) references lead (institution_id, id)"
_COLUMNS = {
    "owner_time": "timestamptz",
    "warn_time": "timestamptz",
    "pool": "text not null default 'campus'",
    "pool_time": "timestamptz",
    "invalid": "boolean not null default false",
    "archive_time": "timestamptz",
}
_TABLES = {
    "pool_quota": """staff_id uuid not null, day date not null, taken bigint not null,
      constraint ck_pool_quota_taken check (taken >= 0),
      constraint uq_pool_quota_day unique (institution_id, staff_id, day)""",
    "lead_issue": f"""campus_id uuid not null, lead_id uuid not null, kind text not null, state text not null,
      find_time timestamptz not null,
      constraint ck_lead_issue_kind check (kind in ('phone_invalid', 'phone_placeholder', 'silent')),
      constraint ck_lead_issue_state check (state in ('open', 'fixed', 'dismissed')),
      constraint uq_lead_issue_kind unique (institution_id, lead_id, kind), {_OF_LEAD}""",
    "quality_run": """day date not null, position uuid, checked bigint not null, flawed bigint not null,
      finish_time timestamptz, constraint uq_quality_run_day unique (institution_id, day)""",
}
# When an owner was last seen with a lead: the clock of recycling.
_SEEN = "greatest(create_time, owner_time, last_contact_time)"
_INDEXES = (
    (
        f"create index ix_lead_idle on lead (institution_id, campus_id, ({_SEEN}))"
        " where state = 'open' and owner_id is not null"
    ),
    "create index ix_lead_pool on lead (institution_id, campus_id, pool, id) where state = 'open' and owner_id is null",
    "create index ix_lead_invalid on lead (institution_id, stage_time) where invalid and archive_time is null",
    "create index ix_lead_issue_state on lead_issue (institution_id, state, id)",
)


def upgrade() -> None:
    """Create the tables, columns and indexes."""
    columns = ", ".join(f"add column {name} {kind}" for name, kind in _COLUMNS.items())
    op.execute(
        f"alter table lead {columns}, add constraint ck_lead_pool check (pool in ('campus', 'hq')),"
        " add constraint ck_lead_invalid check (not invalid or stage = 'lost')"
    )
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "pool_quota")
    protect(op, "lead_issue", campus="campus_id")
    protect(op, "quality_run")


def downgrade() -> None:
    """Drop them; the indexes of the lead go with their columns."""
    chassis.drop_tables(op, _TABLES)
    columns = ", ".join(f"drop column {name}" for name in _COLUMNS)
    op.execute(f"alter table lead drop constraint ck_lead_pool, drop constraint ck_lead_invalid, {columns}")
