"""Lessons offered to teachers who may stand in: the first who accepts has it, the others are told.

Whoever changes offers holds the lock of their request, so two answers wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import SubstituteAccepted, SubstituteOffered, SubstituteOfferEnded
from services.scheduling.actions import absences, courses, lessons, moves, substitute_candidates, substitutes, teachers
from services.scheduling.models import Lesson, SubstituteOffer, SubstituteRequest
from services.scheduling.rules.spans import Span
from services.scheduling.rules.substitutes import Ranked
from shared.db import Tx
from shared.errors import NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[SubstituteOffer] = Listing(
    SubstituteOffer,
    fields={
        "substitute_request_id": Field(SubstituteOffer.substitute_request_id, sortable=False),
        "teacher_id": Field(SubstituteOffer.teacher_id, sortable=False),
        "campus_id": Field(SubstituteOffer.campus_id, sortable=False),
        "state": Field(SubstituteOffer.state, prefix="SUBSTITUTE_OFFER_STATE_", sortable=False),
        "lesson_start_time": Field(SubstituteOffer.lesson_start_time),
        "expire_time": Field(SubstituteOffer.expire_time),
    },
    default_order="lesson_start_time",
)
_AT_ONCE = 100


def candidates(tx: Tx, substitute_request_id: UUID) -> list[Ranked]:
    """Return the teachers who could take the lesson of a request, best first."""
    row = tx.load(SubstituteRequest, "substitute_request", substitute_request_id)
    return substitute_candidates.ranked(tx, lessons.get(tx, row.lesson_id))


def offer(
    tx: Tx, substitute_request_id: UUID, *, teacher_ids: Sequence[UUID], valid_minutes: int
) -> list[SubstituteOffer]:
    """Offer the lesson of a request to teachers, or to all who can come, for some minutes, at most until it ends.

    Who has an offer or declined is not asked again unless named. Refusals: SUBSTITUTE_REQUEST_ENDED, LESSON_CANCELLED,
    LESSON_OVER, SUBSTITUTE_NOBODY, and what forbids a named teacher; TEACHER_NOT_FOUND for who is not of the campus.
    """
    row = substitutes.locked(tx, substitute_request_id)
    substitutes.check_open(row)
    # Offers belong to those who are asked.
    tx.enter(tx.institution_id)
    lesson = lessons.get_ahead(tx, row.lesson_id)
    found = {each.teacher_id: each for each in substitute_candidates.ranked(tx, lesson)}
    present = {each.teacher_id: each for each in _of_request(tx, row.id)}
    if teacher_ids:
        wanted = [_able(found, each) for each in teacher_ids]
    else:
        asked = {key for key, each in present.items() if each.state in {"offered", "declined"}}
        wanted = [key for key, each in found.items() if not each.obstacles and key not in asked]
    if not wanted:
        raise Refused("SUBSTITUTE_NOBODY", "no teacher of the campus can take the lesson")
    expiry = min(tx.now + timedelta(minutes=valid_minutes), lesson.end_time)
    rows = [present.get(each) or _blank(row, each) for each in wanted]
    for each in rows:
        _offer(tx, each, lesson, expiry)
    return rows


def accept(tx: Tx, substitute_offer_id: UUID, *, remark: str) -> SubstituteOffer:
    """Let the teacher of an offer take the lesson. What a teacher accepts beyond the weekly times is kept as extra.

    Refusals: SUBSTITUTE_TAKEN, SUBSTITUTE_OFFER_ENDED, SUBSTITUTE_OFFER_EXPIRED, TEACHER_INACTIVE, those of
    `moves.replace_teacher`.
    """
    row, request = _answered(tx, substitute_offer_id)
    if row.expire_time <= tx.now:
        raise Refused("SUBSTITUTE_OFFER_EXPIRED", "the offer has expired")
    teacher = teachers.get(tx, row.teacher_id)
    if not teacher.active:
        raise Refused("TEACHER_INACTIVE", "the teacher is out of use", id=str(teacher.id))
    span = Span(row.lesson_start_time, row.lesson_end_time)
    if substitute_candidates.is_beyond_hours(tx, lessons.get(tx, row.lesson_id), teacher):
        absences.add(tx, teacher.id, "extra", span)
    moves.replace_teacher(tx, row.lesson_id, span, leaving=request.teacher_id, coming=teacher.id, reason=request.reason)
    _answer(tx, row, "accepted", remark)
    request.state, request.substitute_id, request.end_time = "filled", teacher.id, tx.now
    lesson = lessons.get(tx, row.lesson_id)
    publish(
        tx,
        SubstituteAccepted(
            **_who(row),
            old_teacher_id=str(request.teacher_id),
            lesson_start_time=lesson.start_time,
            course_name=courses.get(tx, lesson.course_id).name,
        ),
    )
    _close(tx, [each for each in _of_request(tx, request.id) if each.state == "offered"], "taken")
    return row


def decline(tx: Tx, substitute_offer_id: UUID, *, remark: str) -> SubstituteOffer:
    """Leave an offered lesson to others. SUBSTITUTE_TAKEN, SUBSTITUTE_OFFER_ENDED."""
    row, _ = _answered(tx, substitute_offer_id)
    _answer(tx, row, "declined", remark)
    publish(tx, SubstituteOfferEnded(**_who(row), state="declined", expire_time=row.expire_time))
    return row


def withdraw(tx: Tx, substitute_request_id: UUID) -> SubstituteRequest:
    """Take a request back, and its offers with it. SUBSTITUTE_REQUEST_ENDED."""
    request = substitutes.withdraw(tx, substitute_request_id)
    # The offers belong to others.
    tx.enter(tx.institution_id)
    _close(tx, [each for each in _of_request(tx, request.id) if each.state == "offered"], "withdrawn")
    return request


def expire(tx: Tx) -> bool:
    """End offers that nobody answered in time or whose lesson changed, and requests that came to nothing.

    Says whether more may wait.
    """
    row, request = SubstituteOffer, SubstituteRequest
    moved = or_(Lesson.start_time != row.lesson_start_time, Lesson.end_time != row.lesson_end_time)
    late = (
        select(row.substitute_request_id)
        .join(Lesson, Lesson.id == row.lesson_id)
        .where(row.state == "offered", or_(row.expire_time <= tx.now, moved))
    )
    gone = or_(Lesson.state == "cancelled", Lesson.end_time <= tx.now, request.teacher_id != Lesson.teacher_ids.all_())
    idle = select(request.id).join(Lesson, Lesson.id == request.lesson_id).where(request.state == "open", gone)
    found = tx.session.scalars(late.union(idle).order_by("substitute_request_id").limit(_AT_ONCE)).all()
    for substitute_request_id in found:
        _expire(tx, substitutes.locked(tx, substitute_request_id))
    return len(found) == _AT_ONCE


def places(tx: Tx, rows: Collection[SubstituteOffer]) -> Mapping[UUID, tuple[UUID, UUID | None]]:
    """Return course and room of the lessons offered, of which who is asked sees nothing else."""
    wanted = select(Lesson.id, Lesson.course_id, Lesson.room_id).where(Lesson.id.in_([each.lesson_id for each in rows]))
    with tx.across_campuses():
        return {lesson_id: (course_id, room_id) for lesson_id, course_id, room_id in tx.execute(wanted)}


def _able(found: Mapping[UUID, Ranked], teacher_id: UUID) -> UUID:
    if teacher_id not in found:
        raise NotFound("teacher", teacher_id)
    for reason, limit in found[teacher_id].obstacles:
        raise Refused(reason, "the teacher cannot take the lesson", resource_id=str(teacher_id), limit=limit)
    return teacher_id


def _blank(request: SubstituteRequest, teacher_id: UUID) -> SubstituteOffer:
    return SubstituteOffer(
        id=uuid7(),
        campus_id=request.campus_id,
        substitute_request_id=request.id,
        lesson_id=request.lesson_id,
        teacher_id=teacher_id,
    )


def _offer(tx: Tx, row: SubstituteOffer, lesson: Lesson, expiry: datetime) -> None:
    row.lesson_start_time, row.lesson_end_time = lesson.start_time, lesson.end_time
    row.state, row.expire_time, row.answer_time, row.remark_sealed = "offered", expiry, None, None
    tx.session.add(row)
    publish(
        tx,
        SubstituteOffered(
            **_who(row),
            lesson_start_time=row.lesson_start_time,
            lesson_end_time=row.lesson_end_time,
            expire_time=expiry,
            course_name=courses.get(tx, lesson.course_id).name,
        ),
    )


def _answered(tx: Tx, substitute_offer_id: UUID) -> tuple[SubstituteOffer, SubstituteRequest]:
    """Return an offer that waits for an answer, with its request, both locked."""
    mine = tx.load(SubstituteOffer, "substitute_offer", substitute_offer_id)
    # From here on it is about a lesson of somebody else.
    tx.enter(tx.institution_id)
    request = substitutes.locked(tx, mine.substitute_request_id)
    row = tx.load(SubstituteOffer, "substitute_offer", substitute_offer_id, for_update=True)
    if row.state == "taken":
        raise Refused("SUBSTITUTE_TAKEN", "another teacher was faster")
    if row.state != "offered" or request.state != "open":
        raise Refused("SUBSTITUTE_OFFER_ENDED", "the offer does not stand any more", state=row.state)
    return row, request


def _answer(tx: Tx, row: SubstituteOffer, state: str, remark: str) -> None:
    row.state, row.answer_time = state, tx.now
    SubstituteOffer.remark.seal(tx, row, remark)


def _expire(tx: Tx, request: SubstituteRequest) -> None:
    lesson = lessons.get(tx, request.lesson_id)
    times = (lesson.start_time, lesson.end_time)
    idle = lesson.state == "cancelled" or lesson.end_time <= tx.now or request.teacher_id not in lesson.teacher_ids
    if request.state == "open" and idle:
        substitutes.end(tx, request, "expired")
    offered = [each for each in _of_request(tx, request.id) if each.state == "offered"]
    late = [
        each
        for each in offered
        if idle or each.expire_time <= tx.now or (each.lesson_start_time, each.lesson_end_time) != times
    ]
    _close(tx, late, "expired")


def _close(tx: Tx, rows: Collection[SubstituteOffer], state: str) -> None:
    for each in rows:
        each.state = state
        publish(tx, SubstituteOfferEnded(**_who(each), state=state, expire_time=each.expire_time))


def _of_request(tx: Tx, substitute_request_id: UUID) -> list[SubstituteOffer]:
    row = SubstituteOffer
    wanted = select(row).where(row.substitute_request_id == substitute_request_id).order_by(row.id)
    return list(tx.session.scalars(wanted.execution_options(populate_existing=True)))


def _who(row: SubstituteOffer) -> dict[str, Any]:
    return {
        "substitute_offer_id": str(row.id),
        "substitute_request_id": str(row.substitute_request_id),
        "lesson_id": str(row.lesson_id),
        "campus_id": str(row.campus_id),
        "teacher_id": str(row.teacher_id),
    }
