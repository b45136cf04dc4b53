"""Leave of students and teachers: asked for, decided, and what it will charge."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import LeaveDecided, LeaveRequested
from services.scheduling.actions import absence_rules, attendance_codes, lessons
from services.scheduling.models import Attendance, Course, LeaveRequest, Lesson, LessonResource
from services.scheduling.rules.attendance import decide, notice_minutes
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[LeaveRequest] = Listing(
    LeaveRequest,
    fields={
        "lesson_id": Field(LeaveRequest.lesson_id, sortable=False),
        "student_id": Field(LeaveRequest.student_id, sortable=False, aliased=True),
        "teacher_id": Field(LeaveRequest.teacher_id, sortable=False),
        "campus_id": Field(LeaveRequest.campus_id, sortable=False),
        "state": Field(LeaveRequest.state, prefix="LEAVE_STATE_", sortable=False),
        "lesson_start_time": Field(LeaveRequest.lesson_start_time),
        "create_time": Field(LeaveRequest.create_time),
    },
)
LIVE = ("requested", "approved")


def ask_for_student(
    tx: Tx, lesson_ids: Sequence[UUID], *, student_id: UUID, code: str, reason: str
) -> list[LeaveRequest]:
    """Note that a student will not come to lessons, and what that will charge by the notice given now.

    Refusals: STUDENT_NOT_EXPECTED, LESSON_CANCELLED, LESSON_OVER, ATTENDANCE_CONFIRMED, LEAVE_EXISTS, InvalidInput
    ATTENDANCE_CODE_UNKNOWN.
    """
    found = attendance_codes.by_code(tx).get(code)
    if found is None or not found.active or found.counts_as_present:
        raise InvalidInput("code", "there is no such code of an absence", "ATTENDANCE_CODE_UNKNOWN", code=code)
    made = []
    for lesson_id in lessons.each_once(lesson_ids):
        lesson = lessons.get_ahead(tx, lesson_id, for_update=True)
        _check_expected(tx, lesson_id, student_id)
        row = _new(tx, lesson, reason)
        row.student_id, row.code = student_id, code
        rules = absence_rules.current(tx, lesson.course_id)
        decision = decide(found, rules, course_id=lesson.course_id, notice_minutes=row.notice_minutes)
        row.charge_factor_hundredths = decision.charge_factor_hundredths
        row.absence_rule_id = decision.rule_id
        made.append(_keep(tx, row))
    return made


def ask_for_teacher(tx: Tx, lesson_ids: Sequence[UUID], *, teacher_id: UUID, reason: str) -> list[LeaveRequest]:
    """Note that a teacher will not come to lessons.

    Refusals: TEACHER_NOT_OF_LESSON, LESSON_CANCELLED, LESSON_OVER, LEAVE_EXISTS.
    """
    made = []
    for lesson_id in lessons.each_once(lesson_ids):
        lesson = lessons.get_ahead(tx, lesson_id, for_update=True)
        lessons.check_taught_by(lesson, teacher_id)
        row = _new(tx, lesson, reason)
        row.teacher_id, row.lesson_teacher_id, row.code = teacher_id, teacher_id, ""
        made.append(_keep(tx, row))
    return made


def settle(tx: Tx, leave_request_id: UUID, *, state: str, note: str) -> LeaveRequest:
    """Approve, decline or withdraw a request.

    LEAVE_DECIDED unless it waits for a decision; an approved one may still be withdrawn. ATTENDANCE_CONFIRMED when
    the roll of the lesson was called.
    """
    # The lesson first, as a roll call does.
    seen = tx.load(LeaveRequest, "leave_request", leave_request_id)
    lesson = lessons.get(tx, seen.lesson_id, for_update=True)
    row = tx.load(LeaveRequest, "leave_request", leave_request_id, for_update=True)
    may = LIVE if state == "withdrawn" else ("requested",)
    if row.state not in may:
        raise Refused("LEAVE_DECIDED", "the request was decided already", state=row.state)
    if row.student_id is not None:
        _check_unconfirmed(tx, row.lesson_id, row.student_id)
    row.state, row.decision_note = state, note
    row.decided_by, row.decide_time = tx.caller.subject_id, tx.now
    course = tx.session.get_one(Course, (tx.institution_id, lesson.course_id))
    told = LeaveDecided(**_who(row), state=state, lesson_start_time=row.lesson_start_time, course_name=course.name)
    publish(tx, told)
    return row


def approved(tx: Tx, lesson_id: UUID) -> dict[UUID, LeaveRequest]:
    """Return the approved leave of the students of a lesson."""
    row = LeaveRequest
    wanted = select(row).where(row.lesson_id == lesson_id, row.state == "approved", row.student_id.is_not(None))
    return {each.student_id: each for each in tx.session.scalars(wanted) if each.student_id}


def _check_expected(tx: Tx, lesson_id: UUID, student_id: UUID) -> None:
    row = LessonResource
    held = exists().where(
        row.lesson_id == lesson_id, row.resource_kind == "student", row.resource_id == student_id, row.state == "live"
    )
    if not tx.scalar(select(held)):
        raise Refused("STUDENT_NOT_EXPECTED", "the student is not in this lesson", student_id=str(student_id))
    _check_unconfirmed(tx, lesson_id, student_id)


def _check_unconfirmed(tx: Tx, lesson_id: UUID, student_id: UUID) -> None:
    row = Attendance
    confirmed = exists().where(row.lesson_id == lesson_id, row.student_id == student_id, row.state == "confirmed")
    if tx.scalar(select(confirmed)):
        raise Refused("ATTENDANCE_CONFIRMED", "the attendance is confirmed already", student_id=str(student_id))


def _new(tx: Tx, lesson: Lesson, reason: str) -> LeaveRequest:
    row = LeaveRequest(
        id=uuid7(),
        institution_id=tx.institution_id,
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        lesson_teacher_id=lesson.teacher_id,
        announce_time=tx.now,
        notice_minutes=notice_minutes(tx.now, lesson.start_time) or 0,
        state="requested",
        decision_note="",
        lesson_start_time=lesson.start_time,
    )
    LeaveRequest.reason.seal(tx, row, reason)
    return row


def _keep(tx: Tx, row: LeaveRequest) -> LeaveRequest:
    exists_already = AlreadyExists("LEAVE_EXISTS", "leave from this lesson was asked for already")
    with tx.translating({"uq_leave_request_live": lambda: exists_already}):
        tx.session.add(row)
    publish(tx, LeaveRequested(**_who(row)))
    return row


def _who(row: LeaveRequest) -> dict[str, str]:
    return {
        "leave_request_id": str(row.id),
        "lesson_id": str(row.lesson_id),
        "campus_id": str(row.campus_id),
        "student_id": id_text(row.student_id),
        "teacher_id": id_text(row.teacher_id),
    }
