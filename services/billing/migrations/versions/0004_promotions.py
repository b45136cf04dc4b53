"""Promotions and bundles, what a quote was priced from, kinds of lines."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0004"
down_revision = "0003"

_DATES = "start_date date not null, end_date date, stop_time timestamptz"
_TABLES = {
    "promotion": f"""campus_id uuid, code text not null, name text not null, effect text not null,
      off_basis_points bigint not null, amount_off_fen bigint not null, price_steps jsonb not null,
      gift_hundredths bigint not null, most_off_fen bigint not null, audience text not null,
      early_days bigint not null, min_total_fen bigint not null, min_hundredths bigint not null,
      course_ids uuid[] not null, stackable boolean not null, rank bigint not null,
      approval_from_fen bigint not null, perk text not null, {_DATES},
      constraint uq_promotion_code unique (institution_id, code),
      constraint ck_promotion_effect check (effect in ('percentage', 'amount_off', 'price_step', 'gift_hours')),
      constraint ck_promotion_audience check (audience in ('everyone', 'new', 'returning', 'sibling')),
      constraint ck_promotion_percentage check (off_basis_points between 0 and 10000),
      constraint ck_promotion_dates check (end_date is null or end_date > start_date)""",
    "bundle": f"""campus_id uuid, code text not null, name text not null, price_fen bigint not null,
      items jsonb not null, {_DATES}, constraint uq_bundle_code unique (institution_id, code),
      constraint ck_bundle_price check (price_fen >= 0),
      constraint ck_bundle_dates check (end_date is null or end_date > start_date)""",
}
_KIND = "add column kind text not null default 'lesson_hours', add column class_group_id uuid"
_COLUMNS = {
    "quote": """add column sibling_customer_id uuid, add column pricing_inputs text not null default '',
      add column pricing text not null default '', add column needs_approval boolean not null default false,
      add column approve_staff_id uuid, add column approve_time timestamptz""",
    "quote_line": f"{_KIND}, add column start_date date, add column bundle_id uuid, add column price_id uuid",
    "order_line": _KIND,
}
_DROPPED = {
    "quote": ("sibling_customer_id", "pricing_inputs", "pricing", "needs_approval", "approve_staff_id", "approve_time"),
    "quote_line": ("kind", "class_group_id", "start_date", "bundle_id", "price_id"),
    "order_line": ("kind", "class_group_id"),
}


def upgrade() -> None:
    """Create the tables, add the columns."""
    chassis.create_rows(op, _TABLES)
    for table in _TABLES:
        protect(op, table, campus="campus_id", campus_optional=True)
    for table, columns in _COLUMNS.items():
        op.execute(f"alter table {table} {columns}")
    for table in ("quote_line", "order_line"):
        op.execute(
            f"alter table {table} add constraint ck_{table}_kind check (kind in ('lesson_hours', 'class_seat')"
            " and (kind <> 'class_seat' or class_group_id is not null))"
        )


def downgrade() -> None:
    """Drop them."""
    for table, columns in _DROPPED.items():
        for column in columns:
            op.execute(f"alter table {table} drop column {column}")
    chassis.drop_tables(op, _TABLES)
