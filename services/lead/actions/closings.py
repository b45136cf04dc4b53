"""What ends when nobody needs to work on a lead any more: its plans, and the tasks that only kept in touch."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import PlanMessagesWithdrawn
from services.lead.rules import plans, stages
from shared.db import Tx
from shared.events import publish

_STOP = """with stopped as (update plan_run set state = 'stopped', stop_reason = %(reason)s, end_time = %(now)s,
      update_time = %(now)s
    where institution_id = %(institution)s and lead_id = %(lead)s and state = 'running'
      and (%(run)s::uuid is null or id = %(run)s)
      and (continues_after is null or %(cause)s <> all (continues_after)) returning id, messages),
  dropped as (update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s,
      cancel_reason = %(reason)s
    where institution_id = %(institution)s and state = 'open' and plan_run_id in (select id from stopped))
  select id from stopped where messages is not null"""
_HOLD = """select id from plan_run where institution_id = %(institution)s and lead_id = %(lead)s and state = 'running'
  order by id for update"""
_HANDED_OVER = """select m.plan_run_id, array_agg(m.step order by m.step) as steps, l.customer_id, l.campus_id
  from plan_message m join lead l on l.institution_id = m.institution_id and l.id = m.lead_id
  where m.institution_id = %(institution)s and m.lead_id = %(lead)s and m.reason = ''
    and (%(all)s or m.plan_run_id = any (%(runs)s::uuid[]))
  group by m.plan_run_id, l.customer_id, l.campus_id"""
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
    """Stop one run of a lead, whose lock is held, or all of them: cancel open tasks, withdraw messages that wait.

    Runs of plans that go on after a cause (rules.plans) are left alone.
    """
    stopped = _stop(tx, lead_id, reason, cause, run_id)
    if stopped:
        _withdraw(tx, lead_id, stopped)


def opt_out(tx: Tx, lead_id: UUID) -> None:
    """Stop what a family that does not want to be contacted ends; no plan writes to it any more. Its lead is locked."""
    _stop(tx, lead_id, plans.OPT_OUT, plans.OPT_OUT)
    # Whoever hands over a message of a run that goes on is waited for, or sees the wish.
    tx.run(_HOLD, _values(tx, lead_id))
    _withdraw(tx, lead_id)


def _stop(tx: Tx, lead_id: UUID, reason: str, cause: str, run_id: UUID | None = None) -> list[UUID]:
    """Stop runs and cancel their tasks; return those that have told the family something, or would have."""
    values = {"reason": reason, "cause": cause, "run": run_id}
    return list(tx.run(_STOP, _values(tx, lead_id) | values).scalars())


def _withdraw(tx: Tx, lead_id: UUID, run_ids: Sequence[UUID] | None = None) -> None:
    """Take back the messages of these runs, or of all, that may not have left yet."""
    # A statement of its own: it sees what whoever was waited for has handed over.
    values = {"all": run_ids is None, "runs": list(map(str, run_ids or ()))}
    for row in tx.run(_HANDED_OVER, _values(tx, lead_id) | values).all():
        publish(
            tx,
            PlanMessagesWithdrawn(
                plan_run_id=str(row.plan_run_id),
                steps=row.steps,
                lead_id=str(lead_id),
                customer_id=str(row.customer_id),
                campus_id=str(row.campus_id),
            ),
        )


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
