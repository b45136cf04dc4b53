"""Trial lessons, as scheduling's events tell them. The two events of one trial may come in any order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialCancelled, TrialResultRecorded
from services.lead.actions import grading, leads, tasks
from services.lead.models import Lead, Task, Trial
from services.lead.rules import stages
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant, optional_id

REMINDER, NO_SHOW = "trial_reminder", "trial_no_show"
_AHEAD = timedelta(days=1)


def on_booked(tx: Tx, event: TrialBooked) -> None:
    """Note the seat; the lead moves to trial booked."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, instant(event.start_time))
    trial.lesson_id = as_uuid(event.lesson_id)
    trial.course_id = optional_id(event.course_id)
    trial.teacher_id = optional_id(event.teacher_id)
    if trial.state == "booked":
        _task(tx, lead, trial, REMINDER, max(trial.start_time - _AHEAD, tx.now))
    _note(tx, lead, trial, stages.TRIAL_BOOKED)


def on_result_recorded(tx: Tx, event: TrialResultRecorded) -> None:
    """Note the result; a lead whose child came moves to trialled."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, instant(event.lesson_start_time))
    trial.state = "attended" if event.attended else "no_show"
    trial.result = event.result
    Trial.feedback.seal(tx, trial, event.feedback)
    _drop_reminder(tx, trial)
    if not event.attended:
        _task(tx, lead, trial, NO_SHOW, tx.now + _AHEAD)
    _note(tx, lead, trial, stages.TRIALLED if event.attended else stages.TRIAL_BOOKED)


def on_cancelled(tx: Tx, event: TrialCancelled) -> None:
    """Note that the trial will not take place; the lead keeps its stage, somebody has to book anew or move it back."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, tx.now)
    if trial.state == "booked":
        trial.state, trial.result = "cancelled", ""
        _drop_reminder(tx, trial)
        _note(tx, lead, trial, lead.stage)


def _note(tx: Tx, lead: Lead, trial: Trial, reached: str) -> None:
    """Let the lead know how its last trial stands; a child who has been there once has been there."""
    if lead.trial_state != "attended":
        lead.trial_state = trial.state
    leads.advance(tx, lead, reached)
    grading.regrade(tx, lead)


def _task(tx: Tx, lead: Lead, trial: Trial, kind: str, due: datetime) -> None:
    """Make what a trial asks for the task of the lead's owner, once."""
    facts = {"trial_id": str(trial.id), "start_time": trial.start_time.isoformat()}
    work = tasks.Work(kind, due, lead.campus_id, lead=lead, facts=facts, origin=f"{kind}|{trial.id}")
    tasks.create(tx, work, owner_id=lead.owner_id)


def _drop_reminder(tx: Tx, trial: Trial) -> None:
    mine = (Task.origin == f"{REMINDER}|{trial.id}", Task.state == tasks.OPEN)
    tx.execute(update(Task).where(*mine).values(state="cancelled", complete_time=tx.now, update_time=tx.now))


def _trial(tx: Tx, trial_id: UUID, lead: Lead, start_time: datetime) -> Trial:
    trial = tx.session.get(Trial, (tx.institution_id, trial_id))
    if trial is None:
        trial = Trial(id=trial_id, lead_id=lead.id, start_time=start_time, state="booked", result="")
        tx.session.add(trial)
    return trial
