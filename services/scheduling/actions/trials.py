"""Trials: a lead is invited, and sits in a seat of a real lesson. How a seat or slot is found: trial_places.py."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    TrialBooked,
    TrialCancelled,
    TrialInvited,
    TrialMoved,
    TrialResultRecorded,
)
from services.scheduling.actions import campuses, courses, lessons, resources, seats
from services.scheduling.actions.resources import STUDENT, Claim, Want
from services.scheduling.models import Lesson, Trial, TrialStep
from services.scheduling.rules.attendance import is_too_early
from services.scheduling.rules.spans import Span
from services.scheduling.rules.trials import ATTENDED, BOOKED, CANCELLED, CLOSED, INVITED, NO_SHOW, seen_as
from shared import aliases
from shared.caller import NOBODY
from shared.db import Tx
from shared.errors import AlreadyExists, InvalidInput, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

_SEEN_AS: Any = case((Trial.state != CLOSED, Trial.state), (Trial.attended.is_(True), ATTENDED), else_=NO_SHOW)
LISTING: Listing[Trial] = Listing(
    Trial,
    fields={
        "lead_id": Field(Trial.lead_id),
        "customer_id": Field(Trial.customer_id, aliased=True),
        "lesson_id": Field(Trial.lesson_id),
        "campus_id": Field(Trial.campus_id),
        "teacher_id": Field(Trial.teacher_id, sortable=False),
        "state": Field(_SEEN_AS, prefix="TRIAL_STATE_", sortable=False),
        "lesson_start_time": Field(Trial.lesson_start_time),
        "create_time": Field(Trial.create_time),
    },
    default_order="lesson_start_time desc",
)


@dataclass(frozen=True, slots=True)
class Guest:
    """A lead as the lead service describes it; the name as the caller may see it."""

    lead_id: UUID
    customer_id: UUID
    child_name: str = ""
    # Who cares for the lead; None while it is in the pool.
    owner_id: UUID | None = None


def get(tx: Tx, trial_id: UUID, *, for_update: bool = False) -> Trial:
    """Return a trial within the caller's scope, or raise NotFound."""
    return tx.load(Trial, "trial", trial_id, for_update=for_update)


def steps(tx: Tx, trial_ids: Collection[UUID]) -> dict[UUID, list[TrialStep]]:
    """Return what became of each trial, oldest first."""
    found: dict[UUID, list[TrialStep]] = {trial_id: [] for trial_id in trial_ids}
    row = TrialStep
    for step in tx.session.scalars(select(row).where(row.trial_id.in_(list(found))).order_by(row.create_time, row.id)):
        found[step.trial_id].append(step)
    return found


def invite(tx: Tx, guest: Guest, *, campus_id: UUID, course_id: UUID) -> Trial:
    """Note that a family was asked to come. TRIAL_INVITED while an invitation of the lead is open."""
    guest = replace(guest, customer_id=aliases.resolve(tx, guest.customer_id))
    campuses.get(tx, campus_id)
    courses.get(tx, course_id)
    trial = _new(tx, guest, campus_id=campus_id, course_id=course_id)
    invited = AlreadyExists("TRIAL_INVITED", "the family is invited already")
    with tx.translating({"uq_trial_invited": lambda: invited}):
        tx.session.add(trial)
    _note(tx, trial)
    who = _who(trial) | {"course_id": str(course_id), "staff_id": id_text(_actor(tx))}
    publish(tx, TrialInvited(**who))
    return trial


def book(tx: Tx, guest: Guest, *, lesson_id: UUID, previous_id: UUID | None = None, one_to_one: bool = False) -> Trial:
    """Give a lead a seat; an invitation of the lead becomes this trial.

    Refusals: LESSON_FULL, LESSON_CONFLICT, LESSON_CANCELLED, LESSON_ENDED, TRIAL_EXISTS.
    """
    guest = replace(guest, customer_id=aliases.resolve(tx, guest.customer_id))
    lesson = lessons.get(tx, lesson_id, for_update=True)
    lessons.check_stands(lesson)
    if lesson.end_time <= tx.now:
        raise Refused("LESSON_ENDED", "the lesson is over", end_time=lesson.end_time.isoformat())
    trial = _invitation(tx, guest) or _new(tx, guest, campus_id=lesson.campus_id, course_id=lesson.course_id)
    with tx.translating(
        {"uq_trial_live": lambda: AlreadyExists("TRIAL_EXISTS", "the child has a trial in this lesson already")}
    ):
        _sit(trial, lesson)
        trial.previous_trial_id, trial.one_to_one = previous_id, one_to_one
        tx.session.add(trial)
    seats.take(tx, [lesson])
    span = Span(lesson.start_time, lesson.end_time)
    resources.lock(tx, [guest.customer_id])
    # A child who is in this lesson as a student collides with the lesson itself.
    resources.check_free(tx, [Want(guest.customer_id, span)])
    resources.claim(tx, [Claim(lesson.id, STUDENT, guest.customer_id, span, "trial")])
    _note(tx, trial)
    publish(
        tx,
        TrialBooked(
            **_who(trial),
            lesson_id=str(lesson.id),
            course_id=str(lesson.course_id),
            teacher_id=id_text(lesson.teacher_id),
            start_time=lesson.start_time,
            course_name=courses.get(tx, lesson.course_id).name,
            previous_trial_id=id_text(previous_id),
        ),
    )
    return trial


def record_result(tx: Tx, trial_id: UUID, *, attended: bool, result: str, feedback: str) -> Trial:
    """Close a trial; there is no other way to close one. TRIAL_NOT_OPEN, TRIAL_TOO_EARLY before the lesson's day."""
    if attended == (result == NO_SHOW):
        raise InvalidInput("result", "a child who came is no no_show, and one who did not come is")
    trial = _open(tx, trial_id, BOOKED)
    zone = campuses.get(tx, trial.campus_id).time_zone
    if trial.lesson_start_time is not None and is_too_early(trial.lesson_start_time, tx.now, zone):
        raise Refused("TRIAL_TOO_EARLY", "a result is recorded on the day of the lesson or later")
    trial.state = CLOSED
    trial.attended = attended
    trial.result = result
    Trial.feedback.seal(tx, trial, feedback)
    _note(tx, trial)
    publish(
        tx,
        TrialResultRecorded(
            **_who(trial),
            attended=attended,
            result=result,
            feedback=feedback,
            lesson_start_time=trial.lesson_start_time,
        ),
    )
    return trial


def cancel(tx: Tx, trial_id: UUID, *, reason: str) -> Trial:
    """Take an invitation back, or give the seat back. TRIAL_NOT_OPEN when the trial is over."""
    lesson_id = get(tx, trial_id).lesson_id
    if lesson_id is not None:
        lessons.get(tx, lesson_id, for_update=True)
    trial = _open(tx, trial_id, BOOKED, INVITED)
    _end(tx, trial, reason)
    if trial.lesson_id is not None:
        # None is left to give back when the child has become a member of the class group since.
        freed = resources.release(tx, [trial.lesson_id], resource_ids=[trial.customer_id], origin="trial")
        seats.give_back(tx, freed)
    return trial


def cancel_with_lesson(tx: Tx, lesson: Lesson) -> None:
    """Cancel the open trials of a lesson that is cancelled."""
    for trial in _booked_in(tx, lesson):
        _end(tx, trial, lesson.cancel_reason)


def move_with_lesson(tx: Tx, lesson: Lesson, *, to: Lesson | None = None) -> None:
    """Let the open trials of a lesson follow it to another time or teacher, or into another lesson, and tell of it."""
    place = to or lesson
    for trial in _booked_in(tx, lesson):
        _sit(trial, place)
        told = {"lesson_id": str(place.id), "teacher_id": id_text(place.teacher_id)}
        publish(tx, TrialMoved(**_who(trial), **told, start_time=place.start_time))


def _booked_in(tx: Tx, lesson: Lesson) -> list[Trial]:
    wanted = select(Trial).where(Trial.lesson_id == lesson.id, Trial.state == BOOKED).order_by(Trial.id)
    return list(tx.session.scalars(wanted.with_for_update()))


def _new(tx: Tx, guest: Guest, *, campus_id: UUID, course_id: UUID) -> Trial:
    trial = Trial(
        id=uuid7(),
        campus_id=campus_id,
        lead_id=guest.lead_id,
        customer_id=guest.customer_id,
        lesson_id=None,
        course_id=course_id,
        teacher_id=None,
        owner_id=guest.owner_id or tx.caller.subject_id,
        lesson_start_time=None,
        state=INVITED,
        attended=None,
        result="",
        feedback_sealed=None,
        cancel_reason="",
    )
    Trial.child_name.seal(tx, trial, guest.child_name)
    return trial


def _invitation(tx: Tx, guest: Guest) -> Trial | None:
    """Return the open invitation of a lead, with its lock; who books it goes on with it."""
    wanted = select(Trial).where(Trial.lead_id == guest.lead_id, Trial.state == INVITED).with_for_update()
    trial = tx.session.scalars(wanted).one_or_none()
    if trial is not None:
        trial.customer_id, trial.owner_id = guest.customer_id, guest.owner_id or tx.caller.subject_id
    return trial


def _sit(trial: Trial, lesson: Lesson) -> None:
    trial.state, trial.lesson_id, trial.lesson_start_time = BOOKED, lesson.id, lesson.start_time
    trial.campus_id, trial.course_id, trial.teacher_id = lesson.campus_id, lesson.course_id, lesson.teacher_id


def _open(tx: Tx, trial_id: UUID, *states: str) -> Trial:
    trial = get(tx, trial_id, for_update=True)
    if trial.state not in states:
        raise Refused("TRIAL_NOT_OPEN", f"the trial is {trial.state}", state=trial.state)
    return trial


def _end(tx: Tx, trial: Trial, reason: str) -> None:
    trial.state = CANCELLED
    trial.cancel_reason = reason
    _note(tx, trial, reason)
    publish(tx, TrialCancelled(**_who(trial), lesson_id=id_text(trial.lesson_id), reason=reason))


def _note(tx: Tx, trial: Trial, reason: str = "") -> None:
    """Write down a step, after the row that it belongs to."""
    tx.session.flush()
    state = seen_as(trial.state, attended=trial.attended)
    step = TrialStep(trial_id=trial.id, campus_id=trial.campus_id, state=state, staff_id=_actor(tx), reason=reason)
    tx.session.add(step)


def _actor(tx: Tx) -> UUID | None:
    return None if tx.caller.subject_id == NOBODY else tx.caller.subject_id


def _who(trial: Trial) -> dict[str, str]:
    return {
        "trial_id": str(trial.id),
        "lead_id": str(trial.lead_id),
        "customer_id": str(trial.customer_id),
        "campus_id": str(trial.campus_id),
    }
