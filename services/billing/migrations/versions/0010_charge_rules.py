"""Rules about what may be charged: where they are on, what is known of courses and teaching, what was overridden."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0010"
down_revision = "0009"

_TABLES = {
    "course": """category text not null, subject text not null, kind text not null, lesson_minutes bigint not null,
      lesson_hours_hundredths bigint not null, online boolean not null""",
    "charge_rule_switch": """campus_id uuid not null, set_code text not null, active boolean not null,
      staff_id uuid not null,
      constraint uq_charge_rule_switch unique (institution_id, campus_id, set_code)""",
    "quote_teaching": """campus_id uuid not null, quote_id uuid not null, line_number bigint not null,
      start_date date, end_date date, class_size bigint not null, age_years bigint,
      constraint uq_quote_teaching_line unique (institution_id, quote_id, line_number),
      constraint ck_quote_teaching_dates check (end_date >= start_date),
      foreign key (institution_id, quote_id) references quote (institution_id, id)""",
    "charge_override": """campus_id uuid not null, quote_id uuid not null, findings jsonb not null,
      reason text not null, staff_id uuid not null,
      foreign key (institution_id, quote_id) references quote (institution_id, id)""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_charge_override_quote on charge_override (institution_id, quote_id)")
    protect(op, "course")
    protect(op, "charge_rule_switch", campus="campus_id")
    protect(op, "quote_teaching", campus="campus_id")
    protect(op, "charge_override", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
