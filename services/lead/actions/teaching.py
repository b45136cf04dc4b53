"""Families go from selling to teaching with all that was hoped and promised; the teacher answers with a plan."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select

from services.lead.actions import bulk, leads, staff, tasks, timelines, trials
from services.lead.models import Lead, Task, TeachingHandover, Trial
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import InvalidInput, NotAllowed, NotFound, Refused
from shared.listing import Field, Listing

WAITING = "waiting"
TO_TEACHING, FIRST_LESSON = "teaching_handover", "first_lesson_plan"
LISTING: Listing[TeachingHandover] = Listing(
    TeachingHandover,
    fields={
        "lead_id": Field(TeachingHandover.lead_id, sortable=False),
        "teacher_id": Field(TeachingHandover.owner_id, sortable=False),
        "campus_id": Field(TeachingHandover.campus_id, sortable=False),
        "state": Field(TeachingHandover.state, prefix="HANDOVER_STATE_", sortable=False),
        "create_time": Field(TeachingHandover.create_time),
    },
)
_WITHIN = timedelta(days=1)
_READY = (stages.SIGNED, stages.ENROLLED, stages.STUDYING)


@dataclass(frozen=True, slots=True)
class Told:
    """What selling knows."""

    pain_points: str
    goals: str
    promises: str = ""


def hand_over(tx: Tx, lead_id: UUID, *, course_id: UUID, teacher_id: UUID, told: Told) -> TeachingHandover:
    """Write a handover; the teacher gets a task to plan the first lesson.

    One that lost its teacher is written anew. Raises HANDOVER_TOO_EARLY before a contract is signed, HANDOVER_EXISTS,
    STAFF_NOT_ASSIGNABLE, LEAD_MERGED, InvalidInput TEXT_MISSING.
    """
    _check_said(pain_points=told.pain_points, goals=told.goals)
    lead = leads.get_unmerged(tx, lead_id)
    if lead.stage not in _READY:
        raise Refused("HANDOVER_TOO_EARLY", "a family is handed over when it has signed", stage=lead.stage)
    staff.check_assignable(tx, [teacher_id], None)
    # The teacher may be at a campus that the advisor does not see.
    tx.enter(tx.institution_id)
    row = _without_teacher(tx, lead, course_id) or bulk.fresh(
        tx,
        TeachingHandover,
        lead_id=lead.id,
        customer_id=lead.customer_id,
        course_id=course_id,
        state=WAITING,
        plan_sealed=None,
        acknowledge_time=None,
    )
    row.owner_id, row.staff_id = teacher_id, staff.actor(tx)
    row.campus_id = _campus_of(tx, teacher_id, lead)
    TeachingHandover.told.seal(tx, row, json.dumps(asdict(told), ensure_ascii=False))
    exists = Refused("HANDOVER_EXISTS", "a handover of this course waits for its teacher already")
    with tx.translating({"uq_teaching_handover_waiting": lambda: exists}):
        tx.session.add(row)
    tasks.finish(tx, Task.lead_id == lead.id, Task.kind == TO_TEACHING)
    work = tasks.Work(
        kind=FIRST_LESSON,
        due_time=tx.now + _WITHIN,
        campus_id=row.campus_id,
        lead=lead,
        facts={"teaching_handover_id": str(row.id)},
    )
    tasks.create(tx, work, owner_id=teacher_id)
    return row


def acknowledge(tx: Tx, handover_id: UUID, *, plan: str) -> TeachingHandover:
    """Note the teacher's plan. Raises TEACHING_HANDOVER_NOT_FOUND, HANDOVER_NOT_YOURS, HANDOVER_ACKNOWLEDGED,
    InvalidInput TEXT_MISSING.
    """
    _check_said(first_lesson_plan=plan)
    row = tx.load(TeachingHandover, "teaching_handover", handover_id, for_update=True)
    if row.owner_id != staff.actor(tx):
        raise NotAllowed("HANDOVER_NOT_YOURS", "only the teacher who was named can answer for the first lesson")
    if row.state != WAITING:
        raise Refused("HANDOVER_ACKNOWLEDGED", "this handover was acknowledged before")
    row.state, row.acknowledge_time = "acknowledged", tx.now
    TeachingHandover.plan.seal(tx, row, plan)
    tasks.finish(tx, *_first_lesson(row))
    return row


def ask_for(tx: Tx, lead: Lead) -> None:
    """Make the handover of a family that has just enrolled the task of its advisor, unless it is written already."""
    written = select(TeachingHandover.id).where(TeachingHandover.lead_id == lead.id).limit(1)
    if tx.scalar(written) is None:
        _ask(tx, lead, f"teaching|{lead.id}", lead.owner_id)


def pass_on(tx: Tx, row: TeachingHandover, teacher_id: UUID | None, reason: str) -> None:
    """Give a locked handover that waits to another teacher; without one the advisor names somebody."""
    lead = leads.see_survivor(tx, row.lead_id)
    row.owner_id = teacher_id
    if teacher_id is not None:
        row.campus_id = _campus_of(tx, teacher_id, lead)
    for task in tx.session.scalars(select(Task).where(*_first_lesson(row), Task.state == tasks.OPEN).with_for_update()):
        if teacher_id is not None:
            task.owner_id, task.campus_id = teacher_id, row.campus_id
        else:
            task.state, task.complete_time, task.cancel_reason = "cancelled", tx.now, reason
    if teacher_id is None:
        _ask(tx, lead, f"teaching|{lead.id}|{row.id}|{tx.now.isoformat()}", lead.owner_id)


def _ask(tx: Tx, lead: Lead, origin: str, owner_id: UUID | None) -> None:
    work = tasks.Work(TO_TEACHING, tx.now + _WITHIN, lead.campus_id, lead=lead, origin=origin)
    tasks.create(tx, work, owner_id=owner_id)


def _campus_of(tx: Tx, teacher_id: UUID, lead: Lead) -> UUID:
    """Return where a teacher sees the handover of a lead: at its campus, else at the first one of their own."""
    person = staff.find(tx, teacher_id)
    if person is None or not person.campus_ids or lead.campus_id in person.campus_ids:
        return lead.campus_id
    return person.campus_ids[0]


def _without_teacher(tx: Tx, lead: Lead, course_id: UUID) -> TeachingHandover | None:
    """Return the handover of a course that waits for nobody any more, with its lock."""
    row = TeachingHandover
    which = (row.lead_id == lead.id, row.course_id == course_id, row.state == WAITING, row.owner_id.is_(None))
    return tx.session.scalars(select(row).where(*which).with_for_update()).one_or_none()


def _first_lesson(row: TeachingHandover) -> tuple[ColumnElement[bool], ...]:
    about = Task.facts["teaching_handover_id"].astext == str(row.id)
    return Task.lead_id == row.lead_id, Task.kind == FIRST_LESSON, about


def _check_said(**texts: str) -> None:
    """Raise InvalidInput TEXT_MISSING where nothing but spaces was written."""
    for name, text in texts.items():
        if not text.strip():
            raise InvalidInput(name, "say something here", "TEXT_MISSING")


def opine(tx: Tx, lead_id: UUID, trial_id: UUID, *, rating: int, feedback: str) -> Trial:
    """Note what the family said about a trial. Raises LEAD_NOT_FOUND, TRIAL_NOT_FOUND, TRIAL_NOT_ATTENDED."""
    lead = leads.get_for_update(tx, lead_id)
    row = tx.load(Trial, "trial", trial_id, for_update=True)
    if row.lead_id not in timelines.cluster(tx, [lead.id]):
        raise NotFound("trial", trial_id)
    if row.state != "attended":
        raise Refused("TRIAL_NOT_ATTENDED", "only a trial that took place has an opinion", state=row.state)
    row.rating, row.opinion_time = rating, tx.now
    Trial.opinion.seal(tx, row, feedback)
    tasks.finish(tx, Task.origin == f"{trials.OPINION}|{row.id}")
    return row
