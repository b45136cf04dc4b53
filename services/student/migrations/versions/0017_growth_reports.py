"""Growth reports and whom they went to."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import let_erase, protect

revision = "0017"
down_revision = "0016"

_TABLES = {
    "growth_report": """campus_id uuid not null, student_id uuid not null, period text not null,
      start_date date not null, end_date date not null, content_sha256 text not null, content_sealed bytea,
      constraint uq_growth_report_period unique (institution_id, student_id, period, start_date),
      constraint ck_growth_report_period check (period in ('week', 'term')),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "growth_delivery": """campus_id uuid not null, growth_report_id uuid not null, student_id uuid not null,
      guardian_id uuid not null, experiment text not null, variant text not null, open_time timestamptz,
      constraint uq_growth_delivery_guardian unique (institution_id, growth_report_id, guardian_id),
      constraint ck_growth_delivery_variant check (variant in ('full', 'brief')),
      foreign key (institution_id, growth_report_id) references growth_report (institution_id, id)""",
    "growth_setting": """weekly boolean not null, weekday bigint not null, hour bigint not null,
      experiment text not null, brief_basis_points bigint not null, week_start date, week_after uuid""",
}


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute("create index ix_growth_report_start on growth_report (institution_id, start_date desc, id desc)")
    op.execute("create index ix_growth_delivery_sent on growth_delivery (institution_id, experiment, create_time)")
    protect(op, "growth_report", campus="campus_id", append_only=True)
    protect(op, "growth_delivery", campus="campus_id")
    protect(op, "growth_setting")
    let_erase(op, "growth_report", "content_sealed")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
