"""Thresholds of teaching quality, and what went beyond them."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0022"
down_revision = "0021"

_TABLES = {
    "quality_threshold": """campus_id uuid, indicator text not null, limit_basis_points bigint not null,
      least_row_count bigint not null, end_time timestamptz, staff_id uuid not null,
      constraint ck_quality_threshold_figures check (limit_basis_points between 0 and 10000 and least_row_count > 0)""",
    "quality_alert": """campus_id uuid not null, dimension text not null, subject_id uuid not null,
      indicator text not null, start_date date not null, basis_points bigint not null, row_count bigint not null,
      limit_basis_points bigint not null,
      constraint uq_quality_alert_once unique (
        institution_id, campus_id, dimension, subject_id, indicator, start_date)""",
}
_INDEXES = (
    (
        "create unique index uq_quality_threshold_live on quality_threshold (institution_id, indicator,"
        " (coalesce(campus_id, '00000000-0000-0000-0000-000000000000'::uuid))) where end_time is null"
    ),
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "quality_threshold", campus="campus_id", campus_optional=True)
    protect(op, "quality_alert", campus="campus_id", append_only=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
