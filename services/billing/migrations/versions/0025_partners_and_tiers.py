"""Orders know their channel partner and sales form, campuses their region; split rules match them and keep versions."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0025"
down_revision = "0024"

_TABLES = {
    "partner_registration": "customer_id uuid not null, partner_id uuid not null",
    "split_rule_version": """split_rule_id uuid not null, version bigint not null, change text not null,
      state text not null, end_date date, staff_id uuid,
      constraint ck_split_rule_version_change check (change in ('created', 'activated', 'ended')),
      constraint uq_split_rule_version unique (institution_id, split_rule_id, version),
      foreign key (institution_id, split_rule_id) references split_rule (institution_id, id)""",
}
_COLUMNS = {
    "quote": "partner_id uuid, sales_form text not null default ''",
    "sales_order": "partner_id uuid, sales_form text not null default ''",
    "lot": "partner_id uuid, sales_form text not null default ''",
    "campus": "region_id uuid",
    "split_rule": """partner_id uuid, sales_form text not null default '', region_id uuid,
      version bigint not null default 1""",
    "split_row": "rule_version bigint",
}


def upgrade() -> None:
    """Add columns and tables; rules that exist begin with version 1."""
    for table, columns in _COLUMNS.items():
        op.execute(f"alter table {table} add column {', add column '.join(_split(columns))}")
    chassis.create_rows(op, _TABLES)
    op.execute(
        "create index ix_partner_registration_customer on partner_registration"
        " (institution_id, customer_id, create_time)"
    )
    op.execute(
        "insert into split_rule_version (institution_id, id, create_time, update_time, split_rule_id, version, change,"
        " state, end_date) select institution_id, gen_random_uuid(), create_time, create_time, id, 1, 'created', state,"
        " end_date from split_rule"
    )
    protect(op, "partner_registration")
    protect(op, "split_rule_version", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for table, columns in _COLUMNS.items():
        for column in _split(columns):
            op.execute(f"alter table {table} drop column {column.split()[0]}")


def _split(columns: str) -> list[str]:
    return [column.strip() for column in columns.split(",")]
