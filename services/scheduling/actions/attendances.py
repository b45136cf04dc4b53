"""Attendances: confirmed, taken back, corrected. Each step is an event for billing and a row of history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import AttendanceConfirmed, AttendanceUnconfirmed
from services.scheduling.actions import (
    absence_rules,
    attendance_codes,
    expectations,
    lessons,
    makeup_entitlements,
)
from services.scheduling.actions.expectations import Expectations
from services.scheduling.models import Attendance, AttendanceChange, Lesson
from services.scheduling.rules.attendance import Code, Rule, charge_hundredths, decide
from services.scheduling.rules.makeups import rest_of_charge
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
    early_leave_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """What marks go by: codes, rules of the course, and what is known of the students."""

    codes: Mapping[str, Code]
    rules: Sequence[Rule]
    known: Expectations

    def code(self, word: str) -> Code:
        """Return a code in use, or raise InvalidInput ATTENDANCE_CODE_UNKNOWN."""
        found = self.codes.get(word)
        if found is None or not found.active:
            raise InvalidInput("code", "there is no such attendance code", "ATTENDANCE_CODE_UNKNOWN", code=word)
        return found


Entry = tuple[UUID, UUID | None, Attendance | None, Mark]


def get(tx: Tx, attendance_id: UUID, *, for_update: bool = False) -> Attendance:
    """Return an attendance within the caller's scope, or raise NotFound."""
    return tx.load(Attendance, "attendance", attendance_id, for_update=for_update)


def book(tx: Tx, lesson: Lesson, known: Expectations) -> Book:
    """Return what attendances of a lesson are charged by now."""
    return Book(attendance_codes.by_code(tx), absence_rules.current(tx, lesson.course_id), known)


def confirm(tx: Tx, lesson: Lesson, entries: Sequence[Entry], by: Book) -> None:
    """Confirm attendances at a locked lesson: student, class group, earlier row or None, and mark.

    New rows and their history are one statement each. ATTENDANCE_CODE_UNKNOWN.
    """
    rows = []
    for student_id, class_group_id, earlier, mark in entries:
        attendance = earlier or _new(lesson, student_id, class_group_id)
        _mark(tx, lesson, attendance, mark, by)
        rows.append(attendance)
    tx.session.add_all(rows)
    tx.session.flush()
    _record(tx, rows, reason="")
    makeup_entitlements.follow(tx, lesson, rows)
    for attendance in rows:
        publish(tx, _confirmed(lesson, attendance, by))


def unconfirm(tx: Tx, attendance_id: UUID, *, reason: str) -> Attendance:
    """Take a confirmed attendance back. ATTENDANCE_NOT_CONFIRMED when it is not confirmed."""
    lesson, attendance = _locked(tx, attendance_id)
    _take_back(tx, attendance, reason)
    makeup_entitlements.take_back(tx, attendance)
    lesson.roll_call_state = "open"
    return attendance


def correct(tx: Tx, attendance_id: UUID, mark: Mark, *, reason: str) -> Attendance:
    """Take a confirmed attendance back and confirm it anew, in one step; refusals of both."""
    lesson, attendance = _locked(tx, attendance_id)
    by = book(tx, lesson, expectations.load(tx, lesson))
    by.code(mark.code)
    _take_back(tx, attendance, reason)
    _mark(tx, lesson, attendance, mark, by)
    tx.session.flush()
    _record(tx, [attendance], reason=reason)
    makeup_entitlements.follow(tx, lesson, [attendance])
    publish(tx, _confirmed(lesson, attendance, by))
    return attendance


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
        early_leave_minutes=0,
        method="roll_call",
        billing_revision=0,
        billing_state="",
        billing_reason="",
    )


def _mark(tx: Tx, lesson: Lesson, attendance: Attendance, mark: Mark, by: Book) -> None:
    code = by.code(mark.code)
    leave = by.known.leave.get(attendance.student_id) if not code.counts_as_present else None
    attendance.notice_minutes = leave.notice_minutes if leave else None
    decision = decide(code, by.rules, course_id=lesson.course_id, notice_minutes=attendance.notice_minutes)
    made_up = by.known.made_up.get(attendance.student_id)
    factor = decision.charge_factor_hundredths
    if made_up is not None:
        factor = rest_of_charge(factor, made_up.source_charge_hundredths)
    attendance.teacher_id = lesson.teacher_id
    attendance.lesson_start_time = lesson.start_time
    attendance.code = mark.code
    attendance.charge_hundredths = charge_hundredths(lesson.lesson_hours_hundredths, factor)
    attendance.charge_factor_hundredths = factor
    attendance.makeup_entitlement_id = made_up.id if made_up else None
    attendance.absence_rule_id, attendance.makeup_entitled = decision.rule_id, decision.makeup_entitled
    attendance.early_leave_minutes = mark.early_leave_minutes
    signed = by.known.signed_in.get(attendance.student_id) if code.counts_as_present else None
    online = by.known.proposed(attendance.student_id) == mark.code
    attendance.method = signed.method if signed else "online" if online else "roll_call"
    attendance.device_id = signed.attendance_device_id if signed else None
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
            early_leave_minutes=row.early_leave_minutes,
            charge_factor_hundredths=row.charge_factor_hundredths,
            absence_rule_id=row.absence_rule_id,
            notice_minutes=row.notice_minutes,
            method=row.method,
            device_id=row.device_id,
            reason=reason,
            actor_id=tx.caller.subject_id,
        )
        for row in rows
    ]
    tx.execute(insert(AttendanceChange), history)


def _confirmed(lesson: Lesson, attendance: Attendance, by: Book) -> AttendanceConfirmed:
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
        charge_factor_hundredths=attendance.charge_factor_hundredths or 0,
        absence_rule_id=id_text(attendance.absence_rule_id),
        makeup_entitlement_id=id_text(attendance.makeup_entitlement_id),
        lesson_hours_hundredths=lesson.lesson_hours_hundredths,
        assistant_ids=[str(each) for each in lesson.teacher_ids if each != attendance.teacher_id],
        counts_as_present=by.code(attendance.code).counts_as_present,
    )
