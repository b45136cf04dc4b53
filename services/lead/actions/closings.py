"""What ends when nobody needs to work on a lead any more: its plans, and the tasks that only kept in touch."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.lead.rules import plans, stages
from shared.db import Tx

_STOP = """with stopped as (update plan_run set state = 'stopped', stop_reason = %(reason)s, end_time = %(now)s,
      update_time = %(now)s
    where institution_id = %(institution)s and lead_id = %(lead)s and state = 'running'
      and (%(run)s::uuid is null or id = %(run)s)
      and (continues_after is null or %(cause)s <> all (continues_after)) returning id)
  update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s, cancel_reason = %(reason)s
    where institution_id = %(institution)s and state = 'open' and plan_run_id in (select id from stopped)"""
_RESUME = """with stopped as (select id, end_time from plan_run
      where institution_id = %(institution)s and lead_id = %(lead)s and state = 'stopped' and stop_reason = %(reason)s
      for update),
    resumed as (update plan_run set state = 'running', stop_reason = '', end_time = null, update_time = %(now)s
      where institution_id = %(institution)s and id in (select id from stopped))
  update task set state = 'open', complete_time = null, cancel_reason = null, update_time = %(now)s from stopped
    where institution_id = %(institution)s and plan_run_id = stopped.id and state = 'cancelled'
      and complete_time = stopped.end_time"""
_CANCEL = """update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s,
    cancel_reason = %(reason)s
  where institution_id = %(institution)s and lead_id = %(lead)s and state = 'open' and kind = any (%(kinds)s)"""
_IN_TOUCH = ("follow_up", "first_response", "recycle_warning", "reply", "trial_reminder", "trial_no_show")
# Of a family that has enrolled we still want to hear how the trial was.
_OPINION = "trial_opinion"


def stop_runs(tx: Tx, lead_id: UUID, reason: str, *, cause: str = "", run_id: UUID | None = None) -> None:
    """Stop one run of a lead, whose lock is held, or all of them, and cancel their open tasks.

    Runs of plans that go on after a cause (rules.plans) are left alone.
    """
    tx.run(_STOP, _values(tx, lead_id) | {"reason": reason, "cause": cause, "run": run_id})


def cancel_tasks(tx: Tx, lead_id: UUID, reason: str, kinds: Sequence[str]) -> None:
    """Cancel the open tasks of these kinds of a lead."""
    tx.run(_CANCEL, _values(tx, lead_id) | {"reason": reason, "kinds": list(kinds)})


def resume_runs(tx: Tx, lead_id: UUID, reason: str) -> None:
    """Let the runs go on that were stopped for a reason which no longer holds, with the tasks that this cancelled."""
    tx.run(_RESUME, _values(tx, lead_id) | {"reason": reason})


def close(tx: Tx, lead_id: UUID, stage: str) -> None:
    """Stop all that was planned for a lead, whose lock is held, as it enters a closed stage."""
    enrolled = stage in {stages.ENROLLED, stages.STUDYING}
    stop_runs(tx, lead_id, stage, cause=plans.ENROLMENT if enrolled else "")
    cancel_tasks(tx, lead_id, stage, _IN_TOUCH if enrolled else (*_IN_TOUCH, _OPINION))


def _values(tx: Tx, lead_id: UUID) -> dict[str, object]:
    return {"institution": tx.institution_id, "lead": lead_id, "now": tx.now}
