"""Files of students."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0019"
down_revision = "0018"

_TABLES = {
    "student_import": """campus_id uuid, scope_campuses uuid[], file_name text not null, dry_run boolean not null,
      columns jsonb not null, header_line bigint not null, state text not null, error_reason text not null,
      total bigint not null, created bigint not null, known bigint not null, rejected bigint not null,
      staff_id uuid not null, finish_time timestamptz, content_sealed bytea,
      constraint ck_student_import_state check (state in ('waiting', 'running', 'done', 'cancelled', 'failed')),
      constraint ck_student_import_counts check (created + known + rejected <= total)""",
    "student_import_batch": """import_id uuid not null, number bigint not null, rows_sealed bytea not null,
      constraint uq_student_import_batch_number unique (institution_id, import_id, number),
      foreign key (institution_id, import_id) references student_import (institution_id, id)""",
}
_ROWS = """create table student_import_row (institution_id uuid not null, import_id uuid not null, line bigint not null,
  outcome text not null, student_id uuid, reason text not null, field text not null,
  primary key (institution_id, import_id, line),
  foreign key (institution_id, import_id) references student_import (institution_id, id))"""


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    op.execute(_ROWS)
    op.execute("create index ix_student_import_newest on student_import (institution_id, create_time desc, id desc)")
    protect(op, "student_import", campus="campus_id", campus_optional=True)
    protect(op, "student_import_batch", deletable=True)
    protect(op, "student_import_row", append_only=True)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, [*_TABLES, "student_import_row"])
