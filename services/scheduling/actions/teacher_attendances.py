"""Teachers at their lessons: clocked in, late, or absent when nobody came by the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import TeacherAttendanceCorrected, TeacherAttendanceFlagged
from services.scheduling.actions import lessons, roll_call_policies
from services.scheduling.models import Lesson, TeacherAttendance, TeacherAttendanceChange
from services.scheduling.rules.sign_ins import check_open, corrected_minutes, late_minutes
from shared.db import Tx
from shared.errors import AlreadyExists
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped

LISTING: Listing[TeacherAttendance] = Listing(
    TeacherAttendance,
    fields={
        "teacher_id": Field(TeacherAttendance.teacher_id),
        "lesson_id": Field(TeacherAttendance.lesson_id),
        "campus_id": Field(TeacherAttendance.campus_id),
        "state": Field(TeacherAttendance.state, prefix="TEACHER_ATTENDANCE_STATE_"),
        "lesson_start_time": Field(TeacherAttendance.lesson_start_time),
    },
    default_order="lesson_start_time desc",
)
# How far back lessons without a clock-in are looked for; also what a chain that begins with it today is spared.
_LOOK_BACK = timedelta(days=2)
_AT_ONCE = 200
# A campus follows its own policy, or that of all where it has none.
_MISSING = """
select l.id::text, t.teacher_id::text from lesson l cross join lateral unnest(l.teacher_ids) as t (teacher_id)
where l.state = 'scheduled' and l.start_time > %(since)s and l.start_time <= %(now)s and l.end_time <= %(now)s
  and (l.campus_id = any (%(clocked)s::uuid[])
    or (%(everywhere)s and not l.campus_id = any (%(others)s::uuid[])))
  and not exists (select from teacher_attendance a where a.lesson_id = l.id and a.teacher_id = t.teacher_id)
order by l.start_time, l.id, t.teacher_id limit %(limit)s"""


def clock_in(tx: Tx, lesson_id: UUID) -> TeacherAttendance:
    """Note that the caller came to a lesson of theirs, and whether late.

    Refusals: TEACHER_NOT_OF_LESSON, SIGN_IN_CLOSED, LESSON_CANCELLED, TEACHER_CLOCKED_IN.
    """
    lesson = lessons.get(tx, lesson_id)
    lessons.check_stands(lesson)
    teacher_id = tx.caller.subject_id
    lessons.check_taught_by(lesson, teacher_id)
    check_open(lesson.start_time, lesson.end_time, tx.now)
    late = late_minutes(lesson.start_time, tx.now)
    row = TeacherAttendance(
        id=uuid7(),
        campus_id=lesson.campus_id,
        lesson_id=lesson_id,
        teacher_id=teacher_id,
        state="late" if late else "on_time",
        clock_in_time=tx.now,
        late_minutes=late,
        lesson_start_time=lesson.start_time,
    )
    again = AlreadyExists("TEACHER_CLOCKED_IN", "you have clocked in for this lesson")
    with tx.translating({"uq_teacher_attendance_once": lambda: again}):
        tx.session.add(row)
    if late:
        publish(tx, _flagged(lesson, teacher_id, "late", late))
    return row


def came_online(tx: Tx, lesson: Lesson, teacher_id: UUID, moment: datetime) -> None:
    """Note that a teacher joined an online lesson; of several joins the earliest counts, whatever came first.

    What a person has corrected stays.
    """
    row, late = TeacherAttendance, late_minutes(lesson.start_time, moment)
    state = "late" if late else "on_time"
    values = stamped(
        tx,
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        teacher_id=teacher_id,
        state=state,
        clock_in_time=moment,
        late_minutes=late,
        lesson_start_time=lesson.start_time,
    )
    corrected = select(TeacherAttendanceChange.id).where(TeacherAttendanceChange.teacher_attendance_id == row.id)
    noted = (
        insert(row)
        .values(**values)
        .on_conflict_do_update(
            constraint="uq_teacher_attendance_once",
            set_={"state": state, "clock_in_time": moment, "late_minutes": late, "update_time": tx.now},
            where=or_(row.clock_in_time.is_(None), row.clock_in_time > moment) & ~corrected.exists(),
        )
        .returning(row.id)
    )
    if tx.scalar(noted) is not None and late:
        publish(tx, _flagged(lesson, teacher_id, state, late))


def correct(tx: Tx, teacher_attendance_id: UUID, *, state: str, late_minutes: int, reason: str) -> TeacherAttendance:
    """Say how a teacher was at a lesson after all; what was kept before stays as history.

    Who was late keeps the minutes of before unless others are given; InvalidInput without any,
    and for minutes of who was not late.
    """
    row = tx.load(TeacherAttendance, "teacher_attendance", teacher_attendance_id, for_update=True)
    before = _facts(row)
    minutes = corrected_minutes(state, late_minutes, before=row.late_minutes)
    row.state, row.late_minutes = state, minutes
    # Who came without the clock came as it is said now.
    came = row.clock_in_time or row.lesson_start_time + timedelta(minutes=minutes)
    row.clock_in_time = None if state == "absent" else came
    tx.session.add(
        TeacherAttendanceChange(
            campus_id=row.campus_id,
            teacher_attendance_id=row.id,
            teacher_id=row.teacher_id,
            before=before,
            after=_facts(row),
            reason=reason,
            actor_id=tx.caller.subject_id,
        )
    )
    publish(
        tx,
        TeacherAttendanceCorrected(
            lesson_id=str(row.lesson_id),
            teacher_id=str(row.teacher_id),
            campus_id=str(row.campus_id),
            old_state=before["state"],
            state=state,
            late_minutes=minutes,
        ),
    )
    return row


def changes(tx: Tx, teacher_attendance_id: UUID) -> list[TeacherAttendanceChange]:
    """Return the corrections of a teacher's attendance, oldest first; TEACHER_ATTENDANCE_NOT_FOUND."""
    tx.load(TeacherAttendance, "teacher_attendance", teacher_attendance_id)
    row = TeacherAttendanceChange
    wanted = select(row).where(row.teacher_attendance_id == teacher_attendance_id)
    return list(tx.session.scalars(wanted.order_by(row.create_time, row.id).limit(200)))


def flag_absent(tx: Tx) -> bool:
    """Flag the teachers of lessons that are over to which they did not clock in; say whether more may wait."""
    policies = roll_call_policies.by_campus(tx)
    if not any(policy.teachers_clock_in for policy in policies.values()):
        return False
    clocked = [campus_id for campus_id, policy in policies.items() if campus_id and policy.teachers_clock_in]
    others = [campus_id for campus_id in policies if campus_id]
    values = {
        "since": tx.now - _LOOK_BACK,
        "now": tx.now,
        "clocked": [str(each) for each in clocked],
        "everywhere": policies[None].teachers_clock_in,
        "others": [str(each) for each in others],
        "limit": _AT_ONCE,
    }
    found = tx.run(_MISSING, values).all()
    for lesson_id, teacher_id in found:
        _flag(tx, lessons.get(tx, UUID(lesson_id)), UUID(teacher_id))
    return len(found) == _AT_ONCE


def _facts(row: TeacherAttendance) -> dict[str, Any]:
    clocked = row.clock_in_time.isoformat() if row.clock_in_time else ""
    return {"state": row.state, "clock_in_time": clocked, "late_minutes": row.late_minutes}


def _flag(tx: Tx, lesson: Lesson, teacher_id: UUID) -> None:
    values = stamped(
        tx,
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        teacher_id=teacher_id,
        state="absent",
        clock_in_time=None,
        late_minutes=0,
        lesson_start_time=lesson.start_time,
    )
    made = insert(TeacherAttendance).values(**values).on_conflict_do_nothing().returning(TeacherAttendance.id)
    if tx.scalar(made) is not None:
        publish(tx, _flagged(lesson, teacher_id, "absent", 0))


def _flagged(lesson: Lesson, teacher_id: UUID, state: str, minutes: int) -> TeacherAttendanceFlagged:
    return TeacherAttendanceFlagged(
        lesson_id=str(lesson.id),
        teacher_id=str(teacher_id),
        campus_id=str(lesson.campus_id),
        state=state,
        late_minutes=minutes,
        lesson_start_time=lesson.start_time,
    )
