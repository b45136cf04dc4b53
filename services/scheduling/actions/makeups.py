"""Making an absence up: which lessons would do, and a seat in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import courses, lesson_states, lessons, resources, seats
from services.scheduling.actions.makeup_entitlements import MAKEUP, change, free_seat, get
from services.scheduling.actions.resources import STUDENT, Claim, Want
from services.scheduling.models import Course, Lesson, LessonResource, MakeupEntitlement
from services.scheduling.rules.makeups import Subject, is_eligible
from services.scheduling.rules.spans import Span
from shared.db import Tx
from shared.errors import Refused

MOST_OFFERS = 100


def offers(tx: Tx, entitlement_id: UUID) -> Sequence[Lesson]:
    """Return the next lessons, a hundred at most, that would make an absence up and have a seat, by time."""
    row = get(tx, entitlement_id)
    missed = courses.get(tx, row.course_id)
    at_it = select(LessonResource.lesson_id).where(
        LessonResource.resource_id == row.student_id, LessonResource.state == "live"
    )
    wanted = (
        select(Lesson)
        .join(Course, Course.id == Lesson.course_id)
        .where(
            Lesson.state == "scheduled",
            Lesson.roll_call_state == "open",
            Lesson.start_time > tx.now,
            Lesson.start_time < row.expire_time,
            Lesson.seats_taken < Lesson.seat_limit,
            (Course.id == missed.id) | ((Course.subject == missed.subject) & (Course.level == missed.level)),
            Lesson.id.not_in(at_it),
        )
        .order_by(Lesson.start_time, Lesson.id)
        .limit(MOST_OFFERS)
    )
    return tx.session.scalars(wanted).all()


def book(tx: Tx, entitlement_id: UUID, *, lesson_id: UUID) -> MakeupEntitlement:
    """Take a seat in a lesson for an absence.

    Refusals: MAKEUP_NOT_OPEN, MAKEUP_EXPIRED, MAKEUP_LESSON_UNFIT, LESSON_CANCELLED, LESSON_FULL, LESSON_CONFLICT,
    ALREADY_IN_LESSON.
    """
    get(tx, entitlement_id)
    lesson = lessons.get(tx, lesson_id, for_update=True)
    lessons.check_stands(lesson)
    row = get(tx, entitlement_id, for_update=True)
    if row.state != "open":
        raise Refused("MAKEUP_NOT_OPEN", "the entitlement is not open", state=row.state)
    _check_fits(tx, row, lesson)
    resources.lock(tx, [row.student_id])
    if _is_in(tx, lesson_id, row.student_id):
        raise Refused("ALREADY_IN_LESSON", "the student is in this lesson already")
    seats.take(tx, [lesson])
    span = Span(lesson.start_time, lesson.end_time)
    resources.check_free(tx, [Want(row.student_id, span)])
    resources.claim(tx, [Claim(lesson.id, STUDENT, row.student_id, span, MAKEUP)])
    change(tx, row, "booked", lesson_id)
    lesson_states.announce(tx, [lesson_id])
    return row


def cancel(tx: Tx, entitlement_id: UUID) -> MakeupEntitlement:
    """Give the seat of a booked make-up back; the entitlement is open again. MAKEUP_NOT_BOOKED, LESSON_OVER."""
    booked = get(tx, entitlement_id).booked_lesson_id
    if booked is None:
        raise Refused("MAKEUP_NOT_BOOKED", "no lesson is booked")
    lesson = lessons.get(tx, booked, for_update=True)
    row = get(tx, entitlement_id, for_update=True)
    if row.state != "booked" or row.booked_lesson_id != booked:
        raise Refused("MAKEUP_NOT_BOOKED", "no lesson is booked")
    if lesson.end_time <= tx.now:
        raise Refused("LESSON_OVER", "the lesson is over")
    free_seat(tx, row, booked)
    change(tx, row, "open", None)
    return row


def _check_fits(tx: Tx, row: MakeupEntitlement, lesson: Lesson) -> None:
    moment: datetime = lesson.start_time
    if moment >= row.expire_time:
        raise Refused("MAKEUP_EXPIRED", "the lesson lies behind the last day", expire_time=row.expire_time.isoformat())
    missed, offered = (_subject(courses.get(tx, each)) for each in (row.course_id, lesson.course_id))
    if moment <= tx.now or lesson.roll_call_state != "open" or not is_eligible(missed, offered):
        raise Refused("MAKEUP_LESSON_UNFIT", "this lesson does not make the absence up")


def _subject(course: Course) -> Subject:
    return Subject(course.id, course.subject, course.level)


def _is_in(tx: Tx, lesson_id: UUID, student_id: UUID) -> bool:
    row = LessonResource
    held = select(row.id).where(row.lesson_id == lesson_id, row.resource_id == student_id, row.state == "live")
    return tx.scalar(held) is not None
