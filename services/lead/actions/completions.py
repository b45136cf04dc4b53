"""Tasks that are done, and what follows from it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.lead.actions import grading, leads, plan_runs, tasks
from services.lead.models import PlanRun, Task
from shared.db import Tx
from shared.errors import InvalidInput


def complete(tx: Tx, task_id: UUID, *, result: str = "", next_contact_time: datetime | None = None) -> Task:
    """Close a task; a promised next contact becomes a task, the last step ends its plan.

    Raises TASK_NOT_FOUND, TASK_CANCELLED, TASK_DONE, InvalidInput TASK_WITHOUT_LEAD, TIME_PAST, LEAD_CLOSED,
    LEAD_MERGED.
    """
    seen = tx.load(Task, "task", task_id)
    lead = run = None
    if next_contact_time is not None:
        if seen.lead_id is None:
            raise InvalidInput("next_contact_time", "this task is about no lead", reason="TASK_WITHOUT_LEAD")
        lead = leads.get_open(tx, seen.lead_id)
    # Locks come in the order lead, run, task.
    if seen.plan_run_id is not None:
        run = tx.load(PlanRun, "plan_run", seen.plan_run_id, for_update=True)
    task = tasks.close(tx, task_id, result=result)
    if run is not None:
        plan_runs.step_done(tx, run)
    if lead is not None and next_contact_time is not None:
        tasks.promise(tx, lead, next_contact_time)
        grading.regrade(tx, lead)
    return task
