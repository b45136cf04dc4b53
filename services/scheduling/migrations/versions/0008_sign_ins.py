"""Sign-ins of students and teachers, the devices and cards they use, and how a campus calls its rolls."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0008"
down_revision = "0007"

_TABLES = {
    "attendance_device": """campus_id uuid not null, name text not null, secret_sealed bytea not null,
      active boolean not null, constraint uq_attendance_device_name unique (institution_id, campus_id, name)""",
    "student_card": """student_id uuid not null, card_index bytea not null, end_time timestamptz,
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "device_event": """campus_id uuid not null, attendance_device_id uuid not null, device_event_id text not null,
      event_time timestamptz not null, sign_in_id uuid,
      constraint uq_device_event_once unique (institution_id, attendance_device_id, device_event_id),
      foreign key (institution_id, attendance_device_id) references attendance_device (institution_id, id)""",
    "sign_in": """campus_id uuid not null, lesson_id uuid not null, student_id uuid not null, method text not null,
      sign_time timestamptz not null, late_minutes bigint not null, token_step bigint, attendance_device_id uuid,
      constraint uq_sign_in_token unique (institution_id, lesson_id, student_id, token_step),
      constraint ck_sign_in_method check ((method = 'qr_code') = (token_step is not null)),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "teacher_attendance": """campus_id uuid not null, lesson_id uuid not null, teacher_id uuid not null,
      state text not null, clock_in_time timestamptz, late_minutes bigint not null,
      lesson_start_time timestamptz not null,
      constraint uq_teacher_attendance_once unique (institution_id, lesson_id, teacher_id),
      constraint ck_teacher_attendance_state check (state in ('on_time', 'late', 'absent')),
      constraint ck_teacher_attendance_time check ((state = 'absent') = (clock_in_time is null)),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id)""",
    "roll_call_policy": """campus_id uuid, sign_in_confirms boolean not null, late_after_minutes bigint not null,
      teachers_clock_in boolean not null, chase_after_minutes bigint[] not null, end_time timestamptz,
      staff_id uuid not null, constraint ck_roll_call_policy_late check (late_after_minutes between 0 and 1440)""",
    "roll_call_chase": """campus_id uuid not null, lesson_id uuid not null, threshold_minutes bigint not null,
      constraint uq_roll_call_chase_once unique (institution_id, lesson_id, threshold_minutes),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
}
_INDEXES = (
    "create unique index uq_student_card_live on student_card (institution_id, card_index) where end_time is null",
    (
        "create unique index uq_roll_call_policy_live on roll_call_policy (institution_id,"
        " (coalesce(campus_id, '00000000-0000-0000-0000-000000000000'::uuid))) where end_time is null"
    ),
    "create index ix_sign_in_lesson on sign_in (institution_id, lesson_id, student_id, sign_time)",
    "create index ix_teacher_attendance_time on teacher_attendance (institution_id, campus_id, lesson_start_time)",
)


def upgrade() -> None:
    """Create the tables."""
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    protect(op, "student_card")
    protect(op, "roll_call_policy", campus="campus_id", campus_optional=True)
    for table in ("sign_in", "device_event", "roll_call_chase"):
        protect(op, table, campus="campus_id", append_only=True)
    protect(op, "attendance_device", campus="campus_id")
    protect(op, "teacher_attendance", campus="campus_id", owner="teacher_id")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
