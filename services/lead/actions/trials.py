"""Trial lessons, as scheduling's events tell them. The two events of one trial may come in any order."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import TrialBooked, TrialResultRecorded
from services.lead.actions import leads
from services.lead.models import Lead, Trial
from services.lead.rules import stages
from shared.db import Tx
from shared.ids import as_uuid
from shared.wire_values import instant, optional_id


def on_booked(tx: Tx, event: TrialBooked) -> None:
    """Note the seat; the lead moves to trial booked."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, instant(event.start_time))
    trial.lesson_id = as_uuid(event.lesson_id)
    trial.course_id = optional_id(event.course_id)
    trial.teacher_id = optional_id(event.teacher_id)
    leads.advance(tx, lead, stages.TRIAL_BOOKED)


def on_result_recorded(tx: Tx, event: TrialResultRecorded) -> None:
    """Note the result; a lead whose child came moves to trialled."""
    lead = leads.get_survivor(tx, as_uuid(event.lead_id))
    trial = _trial(tx, as_uuid(event.trial_id), lead, instant(event.lesson_start_time))
    trial.state = "attended" if event.attended else "no_show"
    trial.result = event.result
    Trial.feedback.seal(tx, trial, event.feedback)
    leads.advance(tx, lead, stages.TRIALLED if event.attended else stages.TRIAL_BOOKED)


def _trial(tx: Tx, trial_id: UUID, lead: Lead, start_time: datetime) -> Trial:
    trial = tx.session.get(Trial, (tx.institution_id, trial_id))
    if trial is None:
        trial = Trial(id=trial_id, lead_id=lead.id, start_time=start_time, state="booked", result="")
        tx.session.add(trial)
    return trial
