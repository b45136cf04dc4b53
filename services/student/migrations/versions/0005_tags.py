"""Tags, by hand and by rule, and where a day begins at each campus."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0005"
down_revision = "0004"

_TABLES = {
    "campus": "name text not null, time_zone text not null, active boolean not null",
    "tag": """name text not null, facet text not null, dimension text not null, rule jsonb, expire_days bigint not null,
      state text not null, compute_time timestamptz, compute_after uuid, compute_date date,
      constraint ck_tag_state check (state in ('active', 'stopped'))""",
    "student_tag": """campus_id uuid not null, student_id uuid not null, tag_id uuid not null, source text not null,
      reason_sealed bytea, staff_id uuid, start_time timestamptz not null, expire_time timestamptz,
      end_time timestamptz,
      constraint ck_student_tag_source check (source in ('manual', 'rule')),
      foreign key (institution_id, student_id) references student (institution_id, id),
      foreign key (institution_id, tag_id) references tag (institution_id, id)""",
}
_INDEXES = (
    "create unique index uq_tag_name on tag (institution_id, name) where state = 'active'",
    """create unique index uq_student_tag_borne on student_tag (institution_id, student_id, tag_id)
      where end_time is null""",
    "create index ix_student_tag_student on student_tag (institution_id, student_id, start_time desc)",
    "create index ix_student_tag_tag on student_tag (institution_id, tag_id, student_id) where end_time is null",
    """create index ix_student_tag_expiry on student_tag (institution_id, expire_time)
      where end_time is null and expire_time is not null""",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "campus", campus="id")
    protect(op, "tag")
    protect(op, "student_tag", campus="campus_id")


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
