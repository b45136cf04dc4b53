"""Families are reminded of a trial that is near, once for each time that was set."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import TrialReminderDue
from services.lead.actions import families, leads, policies
from services.lead.models import Campus, Trial
from services.lead.rules import policy, stages
from shared.db import Tx
from shared.events import publish

_AT_ONCE = 200
_EARLIEST = timedelta(hours=policy.SETTINGS[policy.TRIAL_REMINDER_HOURS].most)


def step(tx: Tx) -> bool:
    """Tell of the trials whose reminder is due, campus by campus; True when more wait."""
    busy = False
    waiting = (Trial.institution_id == tx.institution_id, Trial.state == "booked", Trial.reminder_time.is_(None))
    soon = (Trial.start_time > tx.now, Trial.start_time <= tx.now + _EARLIEST)
    somewhere = select(Trial.teaching_campus_id).where(*waiting, *soon)
    for campus in tx.session.scalars(select(Campus).where(Campus.id.in_(somewhere)).order_by(Campus.id)).all():
        ahead = timedelta(hours=policies.value(tx, policy.TRIAL_REMINDER_HOURS, campus.id))
        near = (Trial.start_time > tx.now, Trial.start_time <= tx.now + ahead)
        due = select(Trial).where(*waiting, Trial.teaching_campus_id == campus.id, *near)
        due = due.order_by(Trial.start_time).limit(_AT_ONCE)
        found = tx.session.scalars(due.with_for_update(skip_locked=True)).all()
        for trial in found:
            trial.reminder_time, trial.reminder_count = tx.now, trial.reminder_count + 1
            _tell(tx, trial, campus)
        busy = busy or len(found) == _AT_ONCE
    return busy


def _tell(tx: Tx, trial: Trial, campus: Campus) -> None:
    lead = leads.see_survivor(tx, trial.lead_id)
    if lead.state == stages.LOST:
        return
    publish(
        tx,
        TrialReminderDue(
            trial_id=str(trial.id),
            lead_id=str(lead.id),
            customer_id=str(lead.customer_id),
            campus_id=str(campus.id),
            start_time=trial.start_time,
            time_zone=campus.time_zone,
            campus_name=campus.name,
            course_name=trial.course_name or "",
            family=families.told(tx, lead),
            reminder_number=trial.reminder_count,
        ),
    )
