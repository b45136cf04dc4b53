"""The first tables of org."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0001"
down_revision = None

# The chassis's table gets the columns that only the original needs.
_INSTITUTION = """
alter table institution
  add column time_zone text not null default 'Asia/Shanghai',
  add column create_time timestamptz not null default clock_timestamp(),
  add column update_time timestamptz not null default clock_timestamp()
"""

_TABLES = {
    "region": """name text not null, active boolean not null, campus_ids uuid[] not null,
      constraint uq_region_name unique (institution_id, name)""",
    "campus": """code text not null, name text not null, region_id uuid, time_zone text not null,
      address text not null, active boolean not null,
      constraint uq_campus_code unique (institution_id, code), constraint uq_campus_name unique (institution_id, name),
      foreign key (institution_id, region_id) references region (institution_id, id)""",
    "staff": """display_name text not null, email_sealed bytea not null, email_index bytea not null, phone_sealed bytea,
      campus_id uuid, active boolean not null, has_password boolean not null, deactivate_time timestamptz,
      constraint uq_staff_email unique (institution_id, email_index),
      constraint ck_staff_deactivated check (active = (deactivate_time is null)),
      foreign key (institution_id, campus_id) references campus (institution_id, id)""",
    "credential": """password_hash text not null,
      foreign key (institution_id, id) references staff (institution_id, id)""",
    "sign_in_attempts": """email_index bytea not null, tries bigint not null, start_time timestamptz not null,
      constraint uq_sign_in_attempts_email unique (institution_id, email_index)""",
    "refresh_session": """staff_id uuid not null, expire_time timestamptz not null, end_time timestamptz,
      end_reason text not null, foreign key (institution_id, staff_id) references staff (institution_id, id)""",
    "refresh_token": """session_id uuid not null, secret_hash bytea not null, use_time timestamptz,
      constraint uq_refresh_token_secret unique (institution_id, session_id, secret_hash),
      foreign key (institution_id, session_id) references refresh_session (institution_id, id) on delete cascade""",
    "role": """code text not null, name text not null, permissions text[] not null, default_scope text not null,
      built_in boolean not null, constraint uq_role_code unique (institution_id, code),
      constraint ck_role_default_scope check (default_scope in ('own', 'campus', 'region', 'chain'))""",
    "role_assignment": """staff_id uuid not null, role_id uuid not null, scope text not null,
      campus_ids uuid[] not null, region_ids uuid[] not null, revoke_time timestamptz,
      constraint ck_role_assignment_scope check (scope in ('own', 'campus', 'region', 'chain')),
      constraint ck_role_assignment_places check (case scope
        when 'own' then cardinality(region_ids) = 0
        when 'campus' then cardinality(campus_ids) > 0 and cardinality(region_ids) = 0
        when 'region' then cardinality(campus_ids) = 0 and cardinality(region_ids) > 0
        else cardinality(campus_ids) = 0 and cardinality(region_ids) = 0 end),
      foreign key (institution_id, staff_id) references staff (institution_id, id),
      foreign key (institution_id, role_id) references role (institution_id, id)""",
    "service_account": """name text not null, secret_hash bytea not null, permissions text[] not null,
      campus_ids uuid[], platform_operator boolean not null, active boolean not null, last_use_time timestamptz,
      constraint uq_service_account_name unique (institution_id, name)""",
    "custom_field": """subject text not null, code text not null, label text not null, kind text not null,
      choices text[] not null, required boolean not null,
      constraint uq_custom_field_code unique (institution_id, subject, code),
      constraint ck_custom_field_kind check (kind in ('text', 'number', 'date', 'boolean', 'choice')),
      constraint ck_custom_field_choices check ((kind = 'choice') = (cardinality(choices) > 0))""",
    "approval_flow": """subject text not null, name text not null, from_amount_fen bigint not null,
      steps text[] not null, active boolean not null,
      constraint uq_approval_flow_amount unique (institution_id, subject, from_amount_fen),
      constraint ck_approval_flow_amount check (from_amount_fen >= 0),
      constraint ck_approval_flow_steps check (cardinality(steps) > 0)""",
}

_INDEXES = (
    "create index ix_campus_region on campus (institution_id, region_id)",
    "create index ix_staff_campus on staff (institution_id, campus_id, display_name)",
    "create index ix_refresh_session_open on refresh_session (institution_id, staff_id) where end_time is null",
    "create index ix_refresh_session_expire on refresh_session (institution_id, expire_time)",
    "create index ix_sign_in_attempts_start on sign_in_attempts (institution_id, start_time)",
    "create index ix_role_assignment_staff on role_assignment (institution_id, staff_id) where revoke_time is null",
    "create index ix_role_assignment_role on role_assignment (institution_id, role_id) where revoke_time is null",
    # One role is not given twice in one scope; the places are part of the one assignment.
    """create unique index uq_role_assignment_held on role_assignment
       (institution_id, staff_id, role_id, scope, campus_ids, region_ids) where revoke_time is null""",
)

# Short-lived rows that a job clears away.
_DELETABLE = {"sign_in_attempts", "refresh_session", "refresh_token"}
_CAMPUS_COLUMN = {"campus": "id", "staff": "campus_id"}


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    op.execute(_INSTITUTION)
    chassis.create_rows(op, _TABLES)
    for table in _TABLES:
        protect(op, table, campus=_CAMPUS_COLUMN.get(table), deletable=table in _DELETABLE)
    for statement in _INDEXES:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
    chassis.drop(op)
