"""Trials: a lead in a seat of a real lesson."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select, update

from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialCancelled, TrialResultRecorded
from services.scheduling.actions import campuses, lessons, resources, seats
from services.scheduling.actions.resources import STUDENT, Claim, Want
from services.scheduling.models import Lesson, Trial
from services.scheduling.rules.attendance import is_too_early
from services.scheduling.rules.spans import Span
from shared import aliases
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[Trial] = Listing(
    Trial,
    fields={
        "lead_id": Field(Trial.lead_id),
        "customer_id": Field(Trial.customer_id, aliased=True),
        "lesson_id": Field(Trial.lesson_id),
        "campus_id": Field(Trial.campus_id),
        "teacher_id": Field(Trial.teacher_id, sortable=False),
        "state": Field(Trial.state, prefix="TRIAL_STATE_"),
        "lesson_start_time": Field(Trial.lesson_start_time),
        "create_time": Field(Trial.create_time),
    },
    default_order="lesson_start_time desc",
)

NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class Guest:
    """A lead as the lead service describes it; the name as the caller may see it."""

    lead_id: UUID
    customer_id: UUID
    child_name: str = ""


def get(tx: Tx, trial_id: UUID, *, for_update: bool = False) -> Trial:
    """Return a trial within the caller's scope, or raise NotFound."""
    return tx.load(Trial, "trial", trial_id, for_update=for_update)


def book(tx: Tx, guest: Guest, *, lesson_id: UUID) -> Trial:
    """Give a lead a seat. Refusals: LESSON_FULL, LESSON_CONFLICT, LESSON_CANCELLED, LESSON_ENDED, TRIAL_EXISTS."""
    guest = replace(guest, customer_id=aliases.resolve(tx, guest.customer_id))
    lesson = lessons.get(tx, lesson_id, for_update=True)
    lessons.check_stands(lesson)
    if lesson.end_time <= tx.now:
        raise Refused("LESSON_ENDED", "the lesson is over", end_time=lesson.end_time.isoformat())
    trial = _new(tx, guest, lesson)
    with tx.translating(
        {"uq_trial_live": lambda: AlreadyExists("TRIAL_EXISTS", "the child has a trial in this lesson already")}
    ):
        tx.session.add(trial)
    seats.take(tx, [lesson])
    span = Span(lesson.start_time, lesson.end_time)
    resources.lock(tx, [guest.customer_id])
    # A child who is in this lesson as a student collides with the lesson itself.
    resources.check_free(tx, [Want(guest.customer_id, span)])
    resources.claim(tx, [Claim(lesson.id, STUDENT, guest.customer_id, span, "trial")])
    publish(
        tx,
        TrialBooked(
            trial_id=str(trial.id),
            lead_id=str(guest.lead_id),
            customer_id=str(guest.customer_id),
            lesson_id=str(lesson.id),
            campus_id=str(lesson.campus_id),
            course_id=str(lesson.course_id),
            teacher_id=id_text(lesson.teacher_id),
            start_time=lesson.start_time,
        ),
    )
    return trial


def record_result(tx: Tx, trial_id: UUID, *, attended: bool, result: str, feedback: str) -> Trial:
    """Close a trial; there is no other way to close one. TRIAL_NOT_OPEN, TRIAL_TOO_EARLY before the lesson's day."""
    if attended == (result == NO_SHOW):
        raise InvalidInput("result", "a child who came is no no_show, and one who did not come is")
    trial = _open(tx, trial_id)
    zone = campuses.get(tx, trial.campus_id).time_zone
    if is_too_early(trial.lesson_start_time, tx.now, zone):
        raise Refused("TRIAL_TOO_EARLY", "a result is recorded on the day of the lesson or later")
    trial.state = "closed"
    trial.attended = attended
    trial.result = result
    Trial.feedback.seal(tx, trial, feedback)
    publish(
        tx,
        TrialResultRecorded(
            trial_id=str(trial.id),
            lead_id=str(trial.lead_id),
            customer_id=str(trial.customer_id),
            campus_id=str(trial.campus_id),
            attended=attended,
            result=result,
            feedback=feedback,
            lesson_start_time=trial.lesson_start_time,
        ),
    )
    return trial


def cancel(tx: Tx, trial_id: UUID, *, reason: str) -> Trial:
    """Give the seat back. TRIAL_NOT_OPEN when the trial is closed or cancelled."""
    lessons.get(tx, get(tx, trial_id).lesson_id, for_update=True)
    trial = _open(tx, trial_id)
    _end(tx, trial, reason)
    # None is left to give back when the child has become a member of the class group since.
    freed = resources.release(tx, [trial.lesson_id], resource_ids=[trial.customer_id], origin="trial")
    seats.give_back(tx, freed)
    return trial


def cancel_with_lesson(tx: Tx, lesson: Lesson) -> None:
    """Cancel the open trials of a lesson that is cancelled."""
    wanted = select(Trial).where(Trial.lesson_id == lesson.id, Trial.state == "booked").order_by(Trial.id)
    for trial in tx.session.scalars(wanted.with_for_update()):
        _end(tx, trial, lesson.cancel_reason)


def move_with_lesson(tx: Tx, lesson: Lesson) -> None:
    """Let the open trials of a lesson follow it to another time or teacher."""
    tx.execute(
        update(Trial)
        .where(Trial.lesson_id == lesson.id, Trial.state == "booked")
        .values(lesson_start_time=lesson.start_time, teacher_id=lesson.teacher_id, update_time=tx.now)
    )


def _new(tx: Tx, guest: Guest, lesson: Lesson) -> Trial:
    trial = Trial(
        id=uuid7(),
        campus_id=lesson.campus_id,
        lead_id=guest.lead_id,
        customer_id=guest.customer_id,
        lesson_id=lesson.id,
        course_id=lesson.course_id,
        teacher_id=lesson.teacher_id,
        owner_id=tx.caller.subject_id,
        lesson_start_time=lesson.start_time,
        state="booked",
        attended=None,
        result="",
        feedback_sealed=None,
        cancel_reason="",
    )
    Trial.child_name.seal(tx, trial, guest.child_name)
    return trial


def _open(tx: Tx, trial_id: UUID) -> Trial:
    trial = get(tx, trial_id, for_update=True)
    if trial.state != "booked":
        raise Refused("TRIAL_NOT_OPEN", f"the trial is {trial.state}", state=trial.state)
    return trial


def _end(tx: Tx, trial: Trial, reason: str) -> None:
    trial.state = "cancelled"
    trial.cancel_reason = reason
    publish(
        tx,
        TrialCancelled(
            trial_id=str(trial.id),
            lead_id=str(trial.lead_id),
            customer_id=str(trial.customer_id),
            campus_id=str(trial.campus_id),
            lesson_id=str(trial.lesson_id),
            reason=reason,
        ),
    )
