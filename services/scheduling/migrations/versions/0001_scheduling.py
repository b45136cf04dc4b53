"""The first tables of scheduling."""

from __future__ import annotations

from alembic import op

from shared import chassis
from shared.rls import limit_owners, protect

revision = "0001"
down_revision = None

_TABLES = {
    "campus": "name text not null, time_zone text not null, active boolean not null",
    "student": "campus_id uuid not null, display_name_sealed bytea",
    "teacher": """display_name text not null, campus_ids uuid[] not null, skills jsonb not null,
      active boolean not null""",
    "teacher_availability": """teacher_id uuid not null, campus_id uuid not null, weekday bigint not null,
      start_minute bigint not null, end_minute bigint not null, replace_time timestamptz,
      constraint ck_teacher_availability_range check (
        weekday between 1 and 7 and start_minute >= 0 and start_minute < end_minute and end_minute <= 1440),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id)""",
    "course": """name text not null, kind text not null, subject text not null, level text not null,
      lesson_minutes bigint not null, lesson_hours_hundredths bigint not null,
      total_lesson_hours_hundredths bigint not null, active boolean not null,
      constraint uq_course_name unique (institution_id, name),
      constraint ck_course_kind check (kind in ('one_to_one', 'class', 'camp')),
      constraint ck_course_sizes check (
        lesson_minutes > 0 and lesson_hours_hundredths > 0 and total_lesson_hours_hundredths >= 0)""",
    "room": """campus_id uuid not null, name text not null, capacity bigint not null, equipment text[] not null,
      active boolean not null, constraint uq_room_name unique (institution_id, campus_id, name),
      constraint ck_room_capacity check (capacity > 0)""",
    "class_group": """campus_id uuid not null, course_id uuid not null, name text not null, teacher_id uuid,
      room_id uuid, capacity bigint not null, member_count bigint not null, state text not null,
      constraint uq_class_group_name unique (institution_id, campus_id, name),
      constraint ck_class_group_places check (member_count between 0 and capacity),
      constraint ck_class_group_state check (state in ('open', 'closed')),
      foreign key (institution_id, course_id) references course (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id),
      foreign key (institution_id, room_id) references room (institution_id, id)""",
    "membership": """campus_id uuid not null, class_group_id uuid not null, student_id uuid not null,
      join_time timestamptz not null, leave_time timestamptz, leave_reason text not null,
      constraint ck_membership_times check (leave_time >= join_time),
      constraint ex_membership_once exclude using gist (
        uuidrange(institution_id, institution_id, '[]') with &&,
        uuidrange(class_group_id, class_group_id, '[]') with &&,
        uuidrange(student_id, student_id, '[]') with &&, tstzrange(join_time, leave_time, '[)') with &&),
      foreign key (institution_id, class_group_id) references class_group (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "lesson_series": """campus_id uuid not null, course_id uuid not null, start_date date not null,
      end_date date not null, slots jsonb not null, holiday_dates date[] not null,
      foreign key (institution_id, course_id) references course (institution_id, id)""",
    "lesson": """campus_id uuid not null, course_id uuid not null, series_id uuid, class_group_ids uuid[] not null,
      teacher_ids uuid[] not null, teacher_id uuid, room_id uuid, start_time timestamptz not null,
      end_time timestamptz not null, state text not null, roll_call_state text not null,
      lesson_hours_hundredths bigint not null, seat_limit bigint not null, seats_taken bigint not null,
      cancel_reason text not null, override_reason text not null, override_by uuid,
      constraint ck_lesson_times check (start_time < end_time and end_time <= start_time + interval '24 hours'),
      constraint ck_lesson_seats check (seats_taken between 0 and seat_limit),
      constraint ck_lesson_state check (state in ('scheduled', 'cancelled')),
      constraint ck_lesson_cancel check ((state = 'cancelled') = (cancel_reason <> '')),
      constraint ck_lesson_roll_call check (roll_call_state in ('open', 'confirmed')),
      constraint ck_lesson_override check ((override_reason <> '') = (override_by is not null)),
      foreign key (institution_id, course_id) references course (institution_id, id),
      foreign key (institution_id, series_id) references lesson_series (institution_id, id),
      foreign key (institution_id, teacher_id) references teacher (institution_id, id),
      foreign key (institution_id, room_id) references room (institution_id, id)""",
    "lesson_resource": """lesson_id uuid not null, resource_kind text not null, resource_id uuid not null,
      origin text not null, class_group_id uuid, start_time timestamptz not null, end_time timestamptz not null,
      during tstzrange generated always as (tstzrange(start_time, end_time, '[)')) stored, state text not null,
      constraint uq_lesson_resource_once unique (institution_id, lesson_id, resource_kind, resource_id),
      constraint ck_lesson_resource_kind check (resource_kind in ('teacher', 'room', 'class_group', 'student')),
      constraint ck_lesson_resource_origin check (
        (resource_kind = 'student') = (origin in ('membership', 'assigned', 'trial'))),
      constraint ck_lesson_resource_state check (state in ('live', 'released', 'cancelled')),
      constraint ex_lesson_resource_during exclude using gist (
        uuidrange(institution_id, institution_id, '[]') with &&,
        uuidrange(resource_id, resource_id, '[]') with &&, during with &&) where (state = 'live'),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "trial": """campus_id uuid not null, lead_id uuid not null, customer_id uuid not null, lesson_id uuid not null,
      course_id uuid not null, teacher_id uuid, owner_id uuid not null, lesson_start_time timestamptz not null,
      state text not null, attended boolean, result text not null, feedback_sealed bytea, child_name_sealed bytea,
      cancel_reason text not null,
      constraint ck_trial_state check (state in ('booked', 'closed', 'cancelled')),
      constraint ck_trial_result check ((state = 'closed') = (result <> '')),
      constraint ck_trial_attended check (state <> 'closed' or attended is not null),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id)""",
    "attendance_code": """code text not null, name text not null, charge_factor_hundredths bigint not null,
      makeup_entitled boolean not null, counts_as_present boolean not null,
      constraint uq_attendance_code_code unique (institution_id, code),
      constraint ck_attendance_code_factor check (charge_factor_hundredths between 0 and 100)""",
    "attendance": """campus_id uuid not null, lesson_id uuid not null, student_id uuid not null, class_group_id uuid,
      course_id uuid not null, teacher_id uuid, code text not null, charge_hundredths bigint not null,
      late_minutes bigint not null, remark_sealed bytea, state text not null, revision bigint not null,
      lesson_start_time timestamptz not null,
      constraint uq_attendance_once unique (institution_id, lesson_id, student_id),
      constraint ck_attendance_state check (state in ('confirmed', 'unconfirmed')),
      constraint ck_attendance_figures check (charge_hundredths >= 0 and late_minutes >= 0 and revision > 0),
      foreign key (institution_id, lesson_id) references lesson (institution_id, id),
      foreign key (institution_id, student_id) references student (institution_id, id)""",
    "attendance_change": """campus_id uuid not null, attendance_id uuid not null, revision bigint not null,
      state text not null, code text not null, charge_hundredths bigint not null, late_minutes bigint not null,
      reason text not null, actor_id uuid not null,
      constraint uq_attendance_change_step unique (institution_id, attendance_id, revision, state),
      constraint ck_attendance_change_state check (state in ('confirmed', 'unconfirmed')),
      foreign key (institution_id, attendance_id) references attendance (institution_id, id)""",
}

_INDEXES = (
    (
        "create index ix_teacher_availability_now on teacher_availability (institution_id, teacher_id)"
        " where replace_time is null"
    ),
    "create index ix_class_group_teacher on class_group (institution_id, teacher_id)",
    "create index ix_class_group_course on class_group (institution_id, course_id)",
    "create index ix_membership_group on membership (institution_id, class_group_id, join_time)",
    "create index ix_membership_student on membership (institution_id, student_id)",
    "create index ix_lesson_campus on lesson (institution_id, campus_id, start_time)",
    "create index ix_lesson_teacher on lesson (institution_id, teacher_id, start_time)",
    "create index ix_lesson_start on lesson (institution_id, start_time, id)",
    (
        "create index ix_lesson_roll_call on lesson (institution_id, start_time)"
        " where state = 'scheduled' and roll_call_state = 'open'"
    ),
    "create index ix_lesson_resource_time on lesson_resource (institution_id, resource_id, start_time)",
    "create unique index uq_trial_live on trial (institution_id, lesson_id, customer_id) where state <> 'cancelled'",
    "create index ix_trial_lead on trial (institution_id, lead_id)",
    "create index ix_trial_open on trial (institution_id, lesson_start_time) where state = 'booked'",
    "create index ix_attendance_student on attendance (institution_id, student_id, lesson_start_time)",
    "create index ix_attendance_time on attendance (institution_id, campus_id, lesson_start_time)",
)

# A grant for own rows means: teachers meet what they teach themselves. People who do not teach, such as advisors
# who look for a trial seat, own no lesson; they meet the timetable of their campuses.
_CALLER = "nullif(current_setting('app.owner', true), '')::uuid"
_OWNER = f"(select {_CALLER})"
_TAUGHT_BY_CALLER = (
    f"{_OWNER} is null or teacher_id = {_OWNER} or (select not exists (select from teacher t where t.id = {_CALLER}))"  # noqa: S608 - constants only
)
_TRIAL_OF_CALLER = f"{_OWNER} is null or teacher_id = {_OWNER} or owner_id = {_OWNER}"

_OF_CHAIN = ("campus", "student", "teacher", "teacher_availability", "course", "lesson_resource", "attendance_code")
_OF_CAMPUS = ("room", "membership", "lesson_series", "class_group", "lesson", "trial")


def upgrade() -> None:
    """Create the tables."""
    chassis.create(op)
    chassis.create_rows(op, _TABLES)
    for statement in _INDEXES:
        op.execute(statement)
    for table in _OF_CHAIN:
        protect(op, table)
    for table in _OF_CAMPUS:
        protect(op, table, campus="campus_id")
    protect(op, "attendance", campus="campus_id", owner="teacher_id")
    protect(op, "attendance_change", campus="campus_id", append_only=True)
    for table in ("class_group", "lesson"):
        limit_owners(op, table, _TAUGHT_BY_CALLER)
    limit_owners(op, "trial", _TRIAL_OF_CALLER)


def downgrade() -> None:
    """Drop the tables."""
    chassis.drop_tables(op, _TABLES)
    chassis.drop(op)
