"""Requests for a substitute: somebody is wanted for a lesson in place of one of its teachers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import SubstituteRequested, SubstituteRequestEnded
from services.scheduling.actions import leaves, lessons, teachers
from services.scheduling.models import LeaveRequest, Lesson, LessonResource, SubstituteRequest, TeacherException
from services.scheduling.rules.spans import LONGEST
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[SubstituteRequest] = Listing(
    SubstituteRequest,
    fields={
        "lesson_id": Field(SubstituteRequest.lesson_id, sortable=False),
        "teacher_id": Field(SubstituteRequest.teacher_id, sortable=False),
        "campus_id": Field(SubstituteRequest.campus_id, sortable=False),
        "state": Field(SubstituteRequest.state, prefix="SUBSTITUTE_REQUEST_STATE_", sortable=False),
        "substitute_id": Field(SubstituteRequest.substitute_id, sortable=False),
        "lesson_start_time": Field(SubstituteRequest.lesson_start_time),
    },
    default_order="lesson_start_time",
)
_MOST_LESSONS = 200


def request(
    tx: Tx, teacher_id: UUID, *, lesson_ids: Sequence[UUID], teacher_exception_id: UUID | None, reason: str
) -> list[SubstituteRequest]:
    """Ask for somebody to take lessons of a teacher: those named, and those ahead that lie in an absence.

    With a grant for own rows, for oneself only. Lessons of the absence that are asked for already are left out.
    Refusals: TEACHER_NOT_OF_LESSON, LESSON_CANCELLED, LESSON_OVER, SUBSTITUTE_REQUESTED, InvalidInput without either.
    """
    if tx.scope.own and teacher_id != tx.caller.subject_id:
        raise NotFound("teacher", teacher_id)
    teachers.get(tx, teacher_id)
    if not lesson_ids and teacher_exception_id is None:
        raise InvalidInput("lesson_ids", "name lessons or an absence")
    named = lessons.each_once(lesson_ids)
    absent = _lessons_of(tx, teacher_id, teacher_exception_id) if teacher_exception_id else []
    made = []
    for lesson_id in [*named, *(each for each in absent if each not in named)]:
        lesson = lessons.get_ahead(tx, lesson_id)
        lessons.check_taught_by(lesson, teacher_id)
        made.append(_open(tx, lesson, teacher_id, reason))
    return made


def withdraw(tx: Tx, substitute_request_id: UUID) -> SubstituteRequest:
    """Take a request back. SUBSTITUTE_REQUEST_ENDED."""
    row = locked(tx, substitute_request_id)
    check_open(row)
    end(tx, row, "withdrawn")
    return row


def locked(tx: Tx, substitute_request_id: UUID) -> SubstituteRequest:
    """Return a request, locked: every change of a request or its offers takes this lock first, then all others."""
    return tx.load(SubstituteRequest, "substitute_request", substitute_request_id, for_update=True, share_key=True)


def check_open(row: SubstituteRequest) -> None:
    """Refuse with SUBSTITUTE_REQUEST_ENDED unless somebody is still wanted."""
    if row.state != "open":
        raise Refused("SUBSTITUTE_REQUEST_ENDED", "nobody is wanted any more", state=row.state)


def end(tx: Tx, row: SubstituteRequest, state: str) -> None:
    """End a locked request for which nobody was found, "withdrawn" or "expired"."""
    row.state, row.end_time = state, tx.now
    publish(
        tx,
        SubstituteRequestEnded(
            substitute_request_id=str(row.id),
            lesson_id=str(row.lesson_id),
            campus_id=str(row.campus_id),
            teacher_id=str(row.teacher_id),
            state=state,
        ),
    )


def _lessons_of(tx: Tx, teacher_id: UUID, teacher_exception_id: UUID) -> list[UUID]:
    """Return the lessons ahead in an absence of a teacher for which nobody is wanted yet."""
    absence = tx.load(TeacherException, "teacher_exception", teacher_exception_id)
    if absence.teacher_id != teacher_id or absence.ended or absence.kind == "extra":
        raise NotFound("teacher_exception", teacher_exception_id)
    held, row = LessonResource, SubstituteRequest
    asked = select(row.lesson_id).where(row.teacher_id == teacher_id, row.state == "open")
    wanted = (
        select(Lesson.id)
        .join(held, held.lesson_id == Lesson.id)
        .where(
            held.resource_id == teacher_id,
            held.state == "live",
            held.start_time > absence.start_time - LONGEST,
            held.start_time < absence.end_time,
            held.end_time > max(absence.start_time, tx.now),
            Lesson.state == "scheduled",
            Lesson.id.not_in(asked),
        )
        .order_by(Lesson.start_time, Lesson.id)
    )
    return list(tx.session.scalars(wanted.limit(_MOST_LESSONS)))


def _open(tx: Tx, lesson: Lesson, teacher_id: UUID, reason: str) -> SubstituteRequest:
    leave = select(LeaveRequest.id).where(
        LeaveRequest.lesson_id == lesson.id,
        LeaveRequest.teacher_id == teacher_id,
        LeaveRequest.state.in_(leaves.LIVE),
    )
    row = SubstituteRequest(
        id=uuid7(),
        campus_id=lesson.campus_id,
        lesson_id=lesson.id,
        teacher_id=teacher_id,
        requested_by=tx.caller.subject_id,
        leave_request_id=tx.scalar(leave),
        reason=reason,
        state="open",
        lesson_start_time=lesson.start_time,
    )
    exists = AlreadyExists("SUBSTITUTE_REQUESTED", "a substitute for this lesson is wanted already")
    with tx.translating({"uq_substitute_request_open": lambda: exists}):
        tx.session.add(row)
    publish(
        tx,
        SubstituteRequested(
            substitute_request_id=str(row.id),
            lesson_id=str(lesson.id),
            campus_id=str(lesson.campus_id),
            teacher_id=str(teacher_id),
            lesson_start_time=lesson.start_time,
        ),
    )
    return row
