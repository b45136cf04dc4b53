"""Families go from selling to teaching with all that was hoped and promised; the teacher answers with a plan."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update

from services.lead.actions import bulk, leads, staff, tasks
from services.lead.models import Lead, Task, TeachingHandover, Trial
from services.lead.rules import stages
from shared.db import Tx
from shared.errors import NotAllowed, NotFound, Refused
from shared.listing import Field, Listing

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

    Raises HANDOVER_TOO_EARLY before a contract is signed, HANDOVER_EXISTS, STAFF_NOT_ASSIGNABLE, LEAD_MERGED.
    """
    lead = leads.get_unmerged(tx, lead_id)
    if lead.stage not in _READY:
        raise Refused("HANDOVER_TOO_EARLY", "a family is handed over when it has signed", stage=lead.stage)
    staff.check_assignable(tx, [teacher_id], None)
    row = bulk.fresh(
        tx,
        TeachingHandover,
        campus_id=lead.campus_id,
        owner_id=teacher_id,
        lead_id=lead.id,
        customer_id=lead.customer_id,
        course_id=course_id,
        staff_id=leads.actor(tx),
        state="waiting",
        plan_sealed=None,
        acknowledge_time=None,
    )
    TeachingHandover.told.seal(tx, row, json.dumps(asdict(told), ensure_ascii=False))
    exists = Refused("HANDOVER_EXISTS", "a handover of this course waits for its teacher already")
    with tx.translating({"uq_teaching_handover_waiting": lambda: exists}):
        tx.session.add(row)
    _done(tx, f"teaching|{lead.id}")
    work = tasks.Work(
        kind=FIRST_LESSON,
        due_time=tx.now + _WITHIN,
        campus_id=lead.campus_id,
        lead=lead,
        facts={"teaching_handover_id": str(row.id)},
        origin=f"first_lesson|{row.id}",
    )
    tasks.create(tx, work, owner_id=teacher_id)
    return row


def acknowledge(tx: Tx, handover_id: UUID, *, plan: str) -> TeachingHandover:
    """Note the teacher's plan. Raises TEACHING_HANDOVER_NOT_FOUND, HANDOVER_NOT_YOURS, HANDOVER_ACKNOWLEDGED."""
    row = tx.load(TeachingHandover, "teaching_handover", handover_id, for_update=True)
    if row.owner_id != leads.actor(tx):
        raise NotAllowed("HANDOVER_NOT_YOURS", "only the teacher who was named can answer for the first lesson")
    if row.state != "waiting":
        raise Refused("HANDOVER_ACKNOWLEDGED", "this handover was acknowledged before")
    row.state, row.acknowledge_time = "acknowledged", tx.now
    TeachingHandover.plan.seal(tx, row, plan)
    _done(tx, f"first_lesson|{row.id}")
    return row


def ask_for(tx: Tx, lead: Lead) -> None:
    """Make the handover of a family that has just enrolled the task of its advisor, unless it is written already."""
    written = select(TeachingHandover.id).where(TeachingHandover.lead_id == lead.id).limit(1)
    if tx.scalar(written) is None:
        work = tasks.Work(
            kind=TO_TEACHING,
            due_time=tx.now + _WITHIN,
            campus_id=lead.campus_id,
            lead=lead,
            origin=f"teaching|{lead.id}",
        )
        tasks.create(tx, work, owner_id=lead.owner_id)


def opine(tx: Tx, lead_id: UUID, trial_id: UUID, *, rating: int, feedback: str) -> Trial:
    """Note what the family said about a trial. Raises LEAD_NOT_FOUND, TRIAL_NOT_FOUND, TRIAL_NOT_ATTENDED."""
    lead = leads.get_for_update(tx, lead_id)
    row = tx.load(Trial, "trial", trial_id, for_update=True)
    if row.lead_id != lead.id:
        raise NotFound("trial", trial_id)
    if row.state != "attended":
        raise Refused("TRIAL_NOT_ATTENDED", "only a trial that took place has an opinion", state=row.state)
    row.rating, row.opinion_time = rating, tx.now
    Trial.opinion.seal(tx, row, feedback)
    return row


def _done(tx: Tx, origin: str) -> None:
    mine = (Task.origin == origin, Task.state == tasks.OPEN)
    tx.execute(update(Task).where(*mine).values(state="done", complete_time=tx.now, update_time=tx.now))
