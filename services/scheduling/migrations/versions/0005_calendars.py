"""Public holidays, school terms, regulations, and what kind of days a campus has."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0005"
down_revision = "0004"

_TABLES = {
    "holiday_notice": """year bigint not null, source text not null, days jsonb not null,
      constraint uq_holiday_notice_year unique (institution_id, year)""",
    "school_term": """city text not null, kind text not null, name text not null, start_date date not null,
      end_date date not null, replace_time timestamptz,
      constraint ck_school_term_kind check (kind in ('term', 'winter_break', 'summer_break')),
      constraint ck_school_term_dates check (start_date <= end_date)""",
    "lesson_regulation": """kind text not null, category text not null, delivery text not null, city text not null,
      minutes bigint not null, source text not null, effective_date date not null, end_date date,
      replace_time timestamptz,
      constraint ck_lesson_regulation_delivery check (delivery in ('offline', 'online')),
      constraint ck_lesson_regulation_dates check (effective_date <= end_date)""",
}


def upgrade() -> None:
    """Create the tables and columns."""
    chassis.create_rows(op, _TABLES)
    for table in _TABLES:
        protect(op, table)
    op.execute(
        "alter table campus add column city text, add column open_weekdays bigint[],"
        " add column opens_on_public_holidays boolean"
    )
    op.execute("alter table course add column category text, add column online boolean")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    op.execute("alter table campus drop column city, drop column open_weekdays, drop column opens_on_public_holidays")
    op.execute("alter table course drop column category, drop column online")
