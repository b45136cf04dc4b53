"""Meeting providers, who joined and left online lessons, and what presence is taken for."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0020"
down_revision = "0019"

_TABLES = {
    "online_rule": """campus_id uuid, least_share_percent bigint not null, least_minutes bigint not null,
      late_after_minutes bigint not null, end_time timestamptz, staff_id uuid not null,
      constraint ck_online_rule_figures check (
        least_share_percent between 0 and 100 and least_minutes >= 0 and late_after_minutes >= 0)""",
}
_UP = (
    (
        "alter table attendance_device add column kind text not null default 'card_reader',"
        " add constraint ck_attendance_device_kind check (kind in ('card_reader', 'meeting_provider'))"
    ),
    """alter table device_event add column lesson_id uuid, add column person_id uuid, add column connection_id text,
      add column step text,
      add constraint ck_device_event_step check (step in ('join', 'leave') and person_id is not null
        and connection_id is not null and lesson_id is not null or step is null and lesson_id is null),
      add constraint fk_device_event_lesson foreign key (institution_id, lesson_id)
        references lesson (institution_id, id)""",
    (
        "create index ix_device_event_lesson on device_event (institution_id, lesson_id, event_time)"
        " where lesson_id is not null"
    ),
    (
        "create unique index uq_online_rule_live on online_rule (institution_id,"
        " (coalesce(campus_id, '00000000-0000-0000-0000-000000000000'::uuid))) where end_time is null"
    ),
)
_DOWN = (
    """alter table device_event drop column lesson_id, drop column person_id, drop column connection_id,
      drop column step""",
    "alter table attendance_device drop column kind",
)


def upgrade() -> None:
    """Create the table and columns."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "online_rule", campus="campus_id", campus_optional=True)


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
