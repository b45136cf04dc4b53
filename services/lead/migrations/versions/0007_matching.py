"""Rules ask for more, and know how well advisors convert; schools lie in districts."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0007"
down_revision = "0006"

_STRATEGIES = "'round_robin', 'weighted', 'least_open'"
_CONDITIONS = {
    "region_ids": "uuid[]",
    "campaign_ids": "uuid[]",
    "school_districts": "text[]",
    "school_grades": "text[]",
    "subjects": "text[]",
}


def upgrade() -> None:
    """Create the tables and columns."""
    op.execute("alter table campus add column region_id uuid")
    op.execute(
        "alter table lead add column school_district text not null default '',"
        " add column tags jsonb not null default '[]'"
    )
    columns = ", ".join(f"add column {name} {kind} not null default '{{}}'" for name, kind in _CONDITIONS.items())
    op.execute(f"alter table assignment_rule {columns}")
    _allow(f"{_STRATEGIES}, 'best_match'")
    op.execute(
        "create table advisor_conversion (institution_id uuid not null, staff_id uuid not null, subject text not null,"
        " won bigint not null, closed bigint not null, constraint ck_advisor_conversion_won check (won <= closed),"
        " primary key (institution_id, staff_id, subject))"
    )
    protect(op, "advisor_conversion", deletable=True)
    chassis.create_rows(
        op,
        {
            "school_district": "name text not null, schools text[] not null,"
            " constraint uq_school_district_name unique (institution_id, name)"
        },
    )
    protect(op, "school_district")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, ("advisor_conversion", "school_district"))
    _allow(_STRATEGIES)
    op.execute(f"alter table assignment_rule {', '.join(f'drop column {name}' for name in _CONDITIONS)}")
    op.execute("alter table lead drop column school_district, drop column tags")
    op.execute("alter table campus drop column region_id")


def _allow(strategies: str) -> None:
    op.execute("alter table assignment_rule drop constraint ck_assignment_rule_strategy")
    op.execute(
        f"alter table assignment_rule add constraint ck_assignment_rule_strategy check (strategy in ({strategies}))"
    )
