"""Trial lessons, as scheduling's events tell them. The events of one trial may come in any order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, literal, or_, select, update

from lianxiao.lead.v1.lead_events_pb2 import TrialReminderWithdrawn
from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    TrialBooked,
    TrialCancelled,
    TrialInvited,
    TrialMoved,
    TrialResultRecorded,
)
from services.lead.actions import closings, grading, leads, policies, tasks, timelines
from services.lead.models import Lead, Task, Trial
from services.lead.rules import plans, policy, stages, task_clock
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid
from shared.wire_values import instant, optional_id

REMINDER, NO_SHOW, OPINION = "trial_reminder", "trial_no_show", "trial_opinion"
_AHEAD = timedelta(days=1)
_FRESH = timedelta(days=14)


def on_invited(tx: Tx, event: TrialInvited) -> None:
    """Note that the family was asked to come."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, "invited")
    trial.course_id = trial.course_id or optional_id(event.course_id)
    trial.teaching_campus_id = trial.teaching_campus_id or optional_id(event.campus_id)


def on_booked(tx: Tx, event: TrialBooked) -> None:
    """Note the seat; the lead moves to trial booked, its plans stop, and nobody needs to book anew."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, "booked")
    if trial.state == "invited":
        trial.state = "booked"
    trial.lesson_id, trial.course_id = as_uuid(event.lesson_id), optional_id(event.course_id)
    trial.teacher_id = trial.teacher_id or optional_id(event.teacher_id)
    trial.teaching_campus_id, trial.course_name = optional_id(event.campus_id), event.course_name
    # A move that came first knows better.
    trial.start_time = trial.start_time or instant(event.start_time)
    with tx.session.no_autoflush:
        if trial.state == "booked":
            _remind_advisor(tx, lead, trial, trial.start_time)
            closings.stop_runs(tx, lead.id, plans.BOOKING, cause=plans.BOOKING)
            tasks.finish(tx, Task.lead_id == lead.id, Task.kind == NO_SHOW)
        _note(tx, lead, trial, stages.TRIAL_BOOKED)
    tx.session.flush()


def on_moved(tx: Tx, event: TrialMoved) -> None:
    """Note the other time; what was to remind of the first one reminds of this one."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, "booked")
    if trial.state in {"invited", "booked"}:
        _withdraw_reminder(tx, trial)
        trial.start_time, trial.teacher_id = instant(event.start_time), optional_id(event.teacher_id)
        due = max(trial.start_time - _AHEAD, tx.now)
        mine = (Task.origin == f"{REMINDER}|{trial.id}", Task.state == tasks.OPEN)
        for task in tx.session.scalars(select(Task).where(*mine).with_for_update()):
            ahead = timedelta(minutes=policies.value(tx, policy.REMINDER_MINUTES, task.campus_id))
            task.due_time, task.watch, task.next_watch_time = due, task_clock.NONE, due - ahead
            task.facts = task.facts | {"start_time": trial.start_time.isoformat()}


def on_result_recorded(tx: Tx, event: TrialResultRecorded) -> None:
    """Note the result; a child who came moves the lead to trialled, one who did not is to be booked anew."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    start = instant(event.lesson_start_time)
    trial = _trial(tx, as_uuid(event.trial_id), lead, "booked")
    trial.start_time = trial.start_time or start
    trial.state = "attended" if event.attended else "no_show"
    trial.result = event.result
    Trial.feedback.seal(tx, trial, event.feedback)
    with tx.session.no_autoflush:
        _drop_reminders(tx, trial, trial.state)
        if event.attended:
            tasks.finish(tx, Task.lead_id == lead.id, Task.kind == NO_SHOW)
        # Of what was noted long afterwards nobody has to ask any more.
        if lead.state == stages.OPEN and tx.now - start <= _FRESH:
            if event.attended:
                _task(tx, lead, trial, OPINION, tx.now + _AHEAD)
            elif not _booked_anew(tx, lead, trial):
                _task(tx, lead, trial, NO_SHOW, tx.now + _AHEAD)
        _note(tx, lead, trial, stages.TRIALLED if event.attended else stages.TRIAL_BOOKED)
    tx.session.flush()


def on_cancelled(tx: Tx, event: TrialCancelled) -> None:
    """Note that the trial will not take place; the lead keeps its stage, somebody has to book anew or move it back."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, "booked")
    if trial.state in {"invited", "booked"}:
        had_seat = trial.state == "booked"
        trial.state, trial.result = "cancelled", ""
        _drop_reminders(tx, trial, event.reason)
        if had_seat:
            _note(tx, lead, trial, lead.stage)


def standing(tx: Tx, lead_ids: Collection[UUID]) -> str | None:
    """Return how the last trial of a family stands, None when there was none; one that was attended goes first."""
    mine = (Trial.institution_id == tx.institution_id, Trial.lead_id.in_(lead_ids), Trial.state != "invited")
    latest = select(Trial.state).where(*mine).order_by(Trial.start_time.nulls_first(), Trial.id)
    states = list(tx.session.scalars(latest))
    return next((state for state in ("attended", "booked") if state in states), states[-1] if states else None)


def _note(tx: Tx, lead: Lead, trial: Trial, reached: str) -> None:
    """Let the lead know how its last trial stands; a child who has been there once has been there."""
    if trial.state == "attended":
        lead.trial_state = trial.state
    elif lead.trial_state != "attended":
        lead.trial_state = "booked" if _booked_anew(tx, lead, trial) else trial.state
    leads.advance(tx, lead, reached)
    grading.regrade(tx, lead)


def _remind_advisor(tx: Tx, lead: Lead, trial: Trial, start: datetime) -> None:
    _task(tx, lead, trial, REMINDER, max(start - _AHEAD, tx.now))


def _task(tx: Tx, lead: Lead, trial: Trial, kind: str, due: datetime) -> None:
    """Make what a trial asks for the task of the lead's owner, once."""
    facts = {"trial_id": str(trial.id), "start_time": trial.start_time.isoformat() if trial.start_time else ""}
    work = tasks.Work(kind, due, lead.campus_id, lead=lead, facts=facts, origin=f"{kind}|{trial.id}")
    tasks.create(tx, work, owner_id=lead.owner_id)


def _drop_reminders(tx: Tx, trial: Trial, reason: str) -> None:
    mine = (Task.origin == f"{REMINDER}|{trial.id}", Task.state == tasks.OPEN)
    gone = {"state": "cancelled", "complete_time": tx.now, "update_time": tx.now, "cancel_reason": reason}
    tx.execute(update(Task).where(*mine).values(**gone))
    _withdraw_reminder(tx, trial)


def _withdraw_reminder(tx: Tx, trial: Trial) -> None:
    """Take back what the family was to be told about a time that does not hold any more, as far as it waits."""
    if trial.reminder_time is None or trial.start_time is None:
        return
    trial.reminder_time = None
    publish(
        tx,
        TrialReminderWithdrawn(
            trial_id=str(trial.id),
            lead_id=str(trial.lead_id),
            campus_id=str(trial.teaching_campus_id or ""),
            start_time=trial.start_time,
            reminder_number=trial.reminder_count,
            customer_id=str(leads.see_survivor(tx, trial.lead_id).customer_id),
        ),
    )


def _booked_anew(tx: Tx, lead: Lead, trial: Trial) -> bool:
    """Say whether the lead has another trial that is booked, or that was later and has been attended.

    A trial without a time has none later.
    """
    came_later = and_(Trial.state == "attended", Trial.start_time > literal(trial.start_time, Trial.start_time.type))
    others = select(Trial.id).where(Trial.lead_id.in_(timelines.cluster(tx, [lead.id])), Trial.id != trial.id)
    return tx.scalar(others.where(or_(Trial.state == "booked", came_later)).limit(1)) is not None


def _trial(tx: Tx, trial_id: UUID, lead: Lead, state: str) -> Trial:
    """Return a trial, written down now in that state if it was not known."""
    trial = tx.session.get(Trial, (tx.institution_id, trial_id), with_for_update=True, populate_existing=True)
    if trial is None:
        trial = Trial(id=trial_id, lead_id=lead.id, state=state, result="")
        tx.session.add(trial)
    return trial
