"""Leave requests, make-up entitlements, and seats that make-ups take."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import protect

revision = "0009"
down_revision = "0008"

_TABLES = {
    "leave_request": """campus_id uuid not null, lesson_id uuid not null, student_id uuid, teacher_id uuid,
      lesson_teacher_id uuid, code text not null, reason_sealed bytea, announce_time timestamptz not null,
      notice_minutes bigint not null, charge_factor_hundredths bigint, absence_rule_id uuid, state text not null,
      decided_by uuid, decide_time timestamptz, decision_note text not null, lesson_start_time timestamptz not null,
      constraint ck_leave_request_who check ((student_id is null) <> (teacher_id is null)),
      constraint ck_leave_request_state check (state in ('requested', 'approved', 'declined', 'withdrawn')),
      constraint ck_leave_request_decision check ((state = 'requested') = (decided_by is null)),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id)""",
    "makeup_entitlement": """campus_id uuid not null, student_id uuid not null, course_id uuid not null,
      source_attendance_id uuid not null, source_lesson_id uuid not null, source_charge_hundredths bigint not null,
      expire_time timestamptz not null, state text not null, booked_lesson_id uuid,
      constraint uq_makeup_entitlement_absence unique (institution_id, source_attendance_id),
      constraint ck_makeup_entitlement_state check (state in ('open', 'booked', 'used', 'expired', 'revoked')),
      constraint ck_makeup_entitlement_booked check ((state in ('booked', 'used')) = (booked_lesson_id is not null)),
      constraint ck_makeup_entitlement_charge check (source_charge_hundredths between 0 and 100),
      foreign key (institution_id, source_attendance_id) references attendance (institution_id, id),
      foreign key (institution_id, booked_lesson_id) references lesson (institution_id, id)""",
}
_UP = (
    (
        "create unique index uq_leave_request_live on leave_request (institution_id, lesson_id,"
        " (coalesce(student_id, teacher_id))) where state in ('requested', 'approved')"
    ),
    "create index ix_leave_request_time on leave_request (institution_id, campus_id, lesson_start_time)",
    "create index ix_makeup_entitlement_student on makeup_entitlement (institution_id, student_id)",
    (
        "create index ix_makeup_entitlement_lesson on makeup_entitlement (institution_id, booked_lesson_id)"
        " where booked_lesson_id is not null"
    ),
    "create index ix_makeup_entitlement_open on makeup_entitlement (institution_id, expire_time) where state = 'open'",
    "alter table attendance add column makeup_entitlement_id uuid",
    "alter table roll_call_policy add column makeup_valid_days bigint not null default 60",
    (
        "alter table lesson_resource drop constraint ck_lesson_resource_origin,"
        " add constraint ck_lesson_resource_origin check ((resource_kind = 'student') ="
        " (origin in ('membership', 'assigned', 'trial', 'makeup'))) not valid"
    ),
    "alter table lesson_resource validate constraint ck_lesson_resource_origin",
)
_DOWN = (
    "alter table attendance drop column makeup_entitlement_id",
    "alter table roll_call_policy drop column makeup_valid_days",
    "update lesson_resource set origin = 'assigned' where origin = 'makeup'",
    (
        "alter table lesson_resource drop constraint ck_lesson_resource_origin,"
        " add constraint ck_lesson_resource_origin check ((resource_kind = 'student') ="
        " (origin in ('membership', 'assigned', 'trial')))"
    ),
)


def upgrade() -> None:
    """Create the tables, and let a make-up be the way in which a student came in."""
    chassis.create_rows(op, _TABLES)
    for statement in _UP:
        op.execute(statement)
    protect(op, "leave_request", campus="campus_id", owner="lesson_teacher_id")
    protect(op, "makeup_entitlement", campus="campus_id")


def downgrade() -> None:
    """Drop them."""
    chassis.drop_tables(op, _TABLES)
    for statement in _DOWN:
        op.execute(statement)
