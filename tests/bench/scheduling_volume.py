"""A million lessons within minutes: campuses, rooms, teachers and class groups are made as ever, lessons are copied.

A campus has 20 rooms, each with a teacher and a class group of its own, and 15 lessons a week in each room: 300 lessons
a week. The weeks lie around now, three of five behind us.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg2

from services.scheduling.actions import class_groups, memberships, rooms
from shared.caller import Caller
from shared.db import Database, Tx
from tests.bench.stage import Stage, text_of
from tests.scheduling import factories as make

ROOMS, A_WEEK, MEMBERS = 20, 15, 30
CAMPUSES = 50
MONTH_DAYS = 31
_ADDRESS, _EXCLUSION = "postgresql", "ex_lesson_resource_during"
# Lesson n of a room: two a day, a third on the first day of the week; from eight o'clock, two hours apart.
_LESSONS = """
insert into lesson (institution_id, id, create_time, update_time, campus_id, course_id, class_group_ids, teacher_ids,
  teacher_id, room_id, start_time, end_time, state, roll_call_state, lesson_hours_hundredths, seat_limit, seats_taken,
  cancel_reason, override_reason)
select g.institution_id, gen_random_uuid(), now(), now(), g.campus_id, g.course_id, array[g.id], array[g.teacher_id],
  g.teacher_id, g.room_id, s.at, s.at + interval '90 minutes', 'scheduled', 'open', 150, 40, g.member_count, '', ''
from class_group g
cross join lateral (select %(first)s::timestamptz + (n / 15) * interval '7 days' + (n %% 15 %% 7) * interval '1 day'
    + (n %% 15 / 7) * interval '2 hours' as at from generate_series(0, %(each)s - 1) n) s
where g.institution_id = %(institution)s"""
_RESOURCES = """
insert into lesson_resource (institution_id, id, create_time, update_time, lesson_id, resource_kind, resource_id,
  origin, start_time, end_time, state)
select institution_id, gen_random_uuid(), now(), now(), id, r.kind, r.key, '', start_time, end_time, 'live'
from lesson cross join lateral (values ('teacher', teacher_id), ('room', room_id),
  ('class_group', class_group_ids[1])) r (kind, key) where institution_id = %(institution)s"""
_STUDENTS = """
insert into lesson_resource (institution_id, id, create_time, update_time, lesson_id, resource_kind, resource_id,
  origin, class_group_id, start_time, end_time, state)
select l.institution_id, gen_random_uuid(), now(), now(), l.id, 'student', m.student_id, 'membership', m.class_group_id,
  l.start_time, l.end_time, 'live'
from lesson l join membership m on m.class_group_id = l.class_group_ids[1] where l.institution_id = %(institution)s"""
# The month before now of every campus but the first: ten students a class, all of them there.
_SEATS_OF_MONTH = """
insert into lesson_resource (institution_id, id, create_time, update_time, lesson_id, resource_kind, resource_id,
  origin, class_group_id, start_time, end_time, state)
select l.institution_id, gen_random_uuid(), now(), now(), l.id, 'student',
  md5(l.class_group_ids[1]::text || n)::uuid, 'membership', l.class_group_ids[1], l.start_time, l.end_time, 'live'
from lesson l cross join generate_series(1, 10) n
where l.institution_id = %(institution)s and l.seats_taken = 0 and l.start_time between %(month)s and now()"""
_ATTENDANCES_OF_MONTH = """
insert into attendance (institution_id, id, create_time, update_time, campus_id, lesson_id, student_id, class_group_id,
  course_id, teacher_id, code, charge_hundredths, late_minutes, state, revision, lesson_start_time, early_leave_minutes,
  makeup_entitled)
select l.institution_id, gen_random_uuid(), now(), now(), l.campus_id, l.id, md5(l.class_group_ids[1]::text || n)::uuid,
  l.class_group_ids[1], l.course_id, l.teacher_id, 'present', 150, 0, 'confirmed', 1, l.start_time, 0, false
from lesson l cross join generate_series(1, 10) n
where l.institution_id = %(institution)s and l.seats_taken = 0 and l.start_time between %(month)s and now()"""
_MONTH_IS_TAUGHT = """
update lesson set roll_call_state = 'confirmed', seats_taken = 10
where institution_id = %(institution)s and seats_taken = 0 and start_time between %(month)s and now()"""


@dataclass(frozen=True, slots=True)
class Filled:
    """The campus that is measured, its class groups, and the start of its first week."""

    campus_id: UUID
    class_group_ids: list[UUID]
    first: datetime


def fill(stage: Stage, database: Database, caller: Caller, lessons: int) -> Filled:
    """Bring an institution to so many lessons."""
    with database.begin(caller) as tx:
        campuses = [_campus(tx, members=MEMBERS if number == 0 else 0) for number in range(CAMPUSES)]
        each = lessons // (CAMPUSES * ROOMS)
        monday = tx.now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=tx.now.weekday())
        first = monday - timedelta(weeks=each // A_WEEK * 3 // 5)
    month = datetime.now(UTC) - timedelta(days=MONTH_DAYS)
    values = {"institution": str(caller.institution_id), "first": first, "each": each, "month": month}
    link = psycopg2.connect(text_of(stage.admin.set(drivername=_ADDRESS, database=database.engine.url.database)))
    link.autocommit = True
    with link.cursor() as cursor:
        cursor.execute("set synchronous_commit = off; set maintenance_work_mem = '512MB'")
        cursor.execute("set session_replication_role = replica")
        cursor.execute("select pg_get_constraintdef(oid) from pg_constraint where conname = %s", (_EXCLUSION,))
        (exclusion,) = cursor.fetchone() or ("",)
        cursor.execute(f"alter table lesson_resource drop constraint {_EXCLUSION}")
        month_taught = (_SEATS_OF_MONTH, _ATTENDANCES_OF_MONTH, _MONTH_IS_TAUGHT)
        for statement in (_LESSONS, _RESOURCES, _STUDENTS, *month_taught):
            cursor.execute(statement, values)
        cursor.execute(f"alter table lesson_resource add constraint {_EXCLUSION} {exclusion}")
        cursor.execute("vacuum analyze")
    link.close()
    campus_id, groups = campuses[0]
    return Filled(campus_id, groups, first)


def _campus(tx: Tx, *, members: int) -> tuple[UUID, list[UUID]]:
    """Make a campus with its rooms, teachers and class groups, each of so many students."""
    campus, course = make.campus(tx), make.course(tx)
    groups = []
    for number in range(ROOMS):
        room = rooms.create(tx, campus_id=campus.id, name=f"{number + 1}室", capacity=40, equipment=[])
        group = class_groups.create(
            tx,
            campus_id=campus.id,
            course_id=course.id,
            name=f"{number + 1}班",
            capacity=40,
            teacher_id=make.teacher(tx, campus).id,
            room_id=room.id,
        )
        long_ago = tx.now - timedelta(days=1000)
        for _ in range(members):
            memberships.join(tx, group.id, student_id=make.student(tx, campus), join_time=long_ago)
        groups.append(group.id)
    return campus.id, groups
