"""What ends when nobody needs to work on a lead any more: its plans, and the tasks that only kept in touch."""

from __future__ import annotations

from uuid import UUID

from shared.db import Tx

_STOP = """with stopped as (update plan_run set state = 'stopped', stop_reason = %(reason)s, end_time = %(now)s,
      update_time = %(now)s
    where institution_id = %(institution)s and lead_id = %(lead)s and state = 'running'
      and (%(run)s::uuid is null or id = %(run)s) returning id)
  update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s
    where institution_id = %(institution)s and state = 'open' and plan_run_id in (select id from stopped)"""
_CANCEL = """update task set state = 'cancelled', complete_time = %(now)s, update_time = %(now)s
  where institution_id = %(institution)s and lead_id = %(lead)s and state = 'open'
    and kind in ('follow_up', 'first_response')"""


def stop_runs(tx: Tx, lead_id: UUID, reason: str, *, run_id: UUID | None = None) -> None:
    """Stop one run of a lead, whose lock is held, or all of them, and cancel their open tasks."""
    tx.run(_STOP, _values(tx, lead_id) | {"reason": reason, "run": run_id})


def close(tx: Tx, lead_id: UUID, reason: str) -> None:
    """Stop all that was planned for a lead, whose lock is held."""
    stop_runs(tx, lead_id, reason)
    tx.run(_CANCEL, _values(tx, lead_id))


def _values(tx: Tx, lead_id: UUID) -> dict[str, object]:
    return {"institution": tx.institution_id, "lead": lead_id, "now": tx.now}
