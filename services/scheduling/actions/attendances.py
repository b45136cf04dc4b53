"""Attendances: confirmed, taken back, corrected. Each step is an event for billing and a row of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, AttendanceUnconfirmed
from services.scheduling.actions import attendance_codes, lessons
from services.scheduling.models import Attendance, AttendanceChange, Lesson
from services.scheduling.rules.attendance import Code, charge_hundredths
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.tables import stamped
from shared.wire_values import id_text

LISTING: Listing[Attendance] = Listing(
    Attendance,
    fields={
        "student_id": Field(Attendance.student_id),
        "lesson_id": Field(Attendance.lesson_id),
        "class_group_id": Field(Attendance.class_group_id, sortable=False),
        "course_id": Field(Attendance.course_id),
        "campus_id": Field(Attendance.campus_id),
        "teacher_id": Field(Attendance.teacher_id, sortable=False),
        "code": Field(Attendance.code),
        "state": Field(Attendance.state, prefix="ATTENDANCE_STATE_"),
        "lesson_start_time": Field(Attendance.lesson_start_time),
    },
    default_order="lesson_start_time desc",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a teacher marks for one person."""

    code: str
    late_minutes: int = 0
    remark: str = ""


Entry = tuple[UUID, UUID | None, Attendance | None, Mark]


def get(tx: Tx, attendance_id: UUID, *, for_update: bool = False) -> Attendance:
    """Return an attendance within the caller's scope, or raise NotFound."""
    return tx.load(Attendance, "attendance", attendance_id, for_update=for_update)


def confirm(tx: Tx, lesson: Lesson, entries: Sequence[Entry], codes: Mapping[str, Code]) -> None:
    """Confirm attendances at a locked lesson: student, class group, earlier row or None, and mark.

    New rows and their history are one statement each. ATTENDANCE_CODE_UNKNOWN.
    """
    rows = []
    for student_id, class_group_id, earlier, mark in entries:
        attendance = earlier or _new(lesson, student_id, class_group_id)
        _mark(tx, lesson, attendance, mark, known(codes, mark.code))
        rows.append(attendance)
    tx.session.add_all(rows)
    tx.session.flush()
    _record(tx, rows, reason="")
    for attendance in rows:
        publish(tx, _confirmed(attendance))


def unconfirm(tx: Tx, attendance_id: UUID, *, reason: str) -> Attendance:
    """Take a confirmed attendance back. ATTENDANCE_NOT_CONFIRMED when it is not confirmed."""
    lesson, attendance = _locked(tx, attendance_id)
    _take_back(tx, attendance, reason)
    lesson.roll_call_state = "open"
    return attendance


def correct(tx: Tx, attendance_id: UUID, mark: Mark, *, reason: str) -> Attendance:
    """Take a confirmed attendance back and confirm it anew, in one step; refusals of both."""
    lesson, attendance = _locked(tx, attendance_id)
    code = known(attendance_codes.by_code(tx), mark.code)
    _take_back(tx, attendance, reason)
    _mark(tx, lesson, attendance, mark, code)
    tx.session.flush()
    _record(tx, [attendance], reason=reason)
    publish(tx, _confirmed(attendance))
    return attendance


def known(codes: Mapping[str, Code], code: str) -> Code:
    """Return a code of the institution, or raise InvalidInput ATTENDANCE_CODE_UNKNOWN."""
    found = codes.get(code)
    if found is None:
        raise InvalidInput("code", "there is no such attendance code", reason="ATTENDANCE_CODE_UNKNOWN", code=code)
    return found


def _locked(tx: Tx, attendance_id: UUID) -> tuple[Lesson, Attendance]:
    """Lock the lesson before the attendance, as a roll call does."""
    lesson = lessons.get(tx, get(tx, attendance_id).lesson_id, for_update=True)
    return lesson, get(tx, attendance_id, for_update=True)


def _take_back(tx: Tx, attendance: Attendance, reason: str) -> None:
    if attendance.state != "confirmed":
        raise Refused("ATTENDANCE_NOT_CONFIRMED", "the attendance is not confirmed")
    attendance.state = "unconfirmed"
    _record(tx, [attendance], reason=reason)
    publish(
        tx,
        AttendanceUnconfirmed(
            attendance_id=str(attendance.id),
            lesson_id=str(attendance.lesson_id),
            student_id=str(attendance.student_id),
            campus_id=str(attendance.campus_id),
            revision=attendance.revision,
        ),
    )


def _new(lesson: Lesson, student_id: UUID, class_group_id: UUID | None) -> Attendance:
    return Attendance(
        id=uuid7(),
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        student_id=student_id,
        class_group_id=class_group_id,
        course_id=lesson.course_id,
        revision=0,
    )


def _mark(tx: Tx, lesson: Lesson, attendance: Attendance, mark: Mark, code: Code) -> None:
    attendance.teacher_id = lesson.teacher_id
    attendance.lesson_start_time = lesson.start_time
    attendance.code = mark.code
    attendance.charge_hundredths = charge_hundredths(lesson.lesson_hours_hundredths, code.charge_factor_hundredths)
    attendance.late_minutes = mark.late_minutes
    Attendance.remark.seal(tx, attendance, mark.remark)
    attendance.state = "confirmed"
    attendance.revision += 1


def _record(tx: Tx, rows: Sequence[Attendance], *, reason: str) -> None:
    if not rows:
        return
    history = [
        stamped(
            tx,
            campus_id=row.campus_id,
            attendance_id=row.id,
            revision=row.revision,
            state=row.state,
            code=row.code,
            charge_hundredths=row.charge_hundredths,
            late_minutes=row.late_minutes,
            reason=reason,
            actor_id=tx.caller.subject_id,
        )
        for row in rows
    ]
    tx.execute(insert(AttendanceChange), history)


def _confirmed(attendance: Attendance) -> AttendanceConfirmed:
    return AttendanceConfirmed(
        attendance_id=str(attendance.id),
        lesson_id=str(attendance.lesson_id),
        student_id=str(attendance.student_id),
        class_group_id=id_text(attendance.class_group_id),
        course_id=str(attendance.course_id),
        campus_id=str(attendance.campus_id),
        teacher_id=id_text(attendance.teacher_id),
        code=attendance.code,
        charge_hundredths=attendance.charge_hundredths,
        lesson_start_time=attendance.lesson_start_time,
        revision=attendance.revision,
    )
