"""Tasks that come due: their owner is reminded, then they are overdue, then the principal hears of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import any_, literal, select

from lianxiao.lead.v1.lead_events_pb2 import TaskEscalated, TaskOverdue, TaskReminded
from services.lead.actions import policies, tasks
from services.lead.models import Lead, Staff, Task
from services.lead.rules import policy, task_clock
from shared.db import Tx
from shared.events import publish
from shared.wire_values import id_text

_BATCH = 200
_ANSWER_WITHIN = timedelta(days=1)
_PRINCIPAL = "principal"


def watch(tx: Tx) -> bool:
    """Take every task a step further whose time has come; return whether more wait."""
    due = (Task.state == tasks.OPEN, Task.next_watch_time <= tx.now)
    query = select(Task).where(*due).order_by(Task.next_watch_time).limit(_BATCH).with_for_update(skip_locked=True)
    found = tx.session.scalars(query).all()
    settings = {campus_id: policies.values(tx, campus_id) for campus_id in {task.campus_id for task in found}}
    for task in found:
        _advance(tx, task, settings[task.campus_id])
    return len(found) == _BATCH


def _advance(tx: Tx, task: Task, settings: Mapping[str, int]) -> None:
    steps, task.next_watch_time = task_clock.reached(
        task.watch,
        tx.now,
        task.due_time,
        reminder=timedelta(minutes=settings[policy.REMINDER_MINUTES]),
        escalate=timedelta(minutes=settings[policy.ESCALATE_MINUTES]),
    )
    for step in steps:
        task.watch = step
        _STEPS[step](tx, task)


def _remind(tx: Tx, task: Task) -> None:
    publish(tx, TaskReminded(**_facts(task), due_time=task.due_time))


def _overdue(tx: Tx, task: Task) -> None:
    task.overdue_time = tx.now
    publish(tx, TaskOverdue(**_facts(task), due_time=task.due_time))


def _escalate(tx: Tx, task: Task) -> None:
    """Tell the principal of the campus, once; what was told to a principal goes no further."""
    if task.kind == tasks.ESCALATION:
        return
    task.escalated_to_id = _principal(tx, task)
    publish(tx, TaskEscalated(**_facts(task), due_time=task.due_time, principal_id=id_text(task.escalated_to_id)))
    if task.escalated_to_id is None:
        return
    work = tasks.Work(
        kind=tasks.ESCALATION,
        due_time=tx.now + _ANSWER_WITHIN,
        campus_id=task.campus_id,
        lead=tx.session.get(Lead, (tx.institution_id, task.lead_id)) if task.lead_id else None,
        customer_id=task.customer_id,
        facts={"task_id": str(task.id), "task_kind": task.kind, "task_owner_id": id_text(task.owner_id)},
        origin=f"escalation|{task.id}",
    )
    tasks.create(tx, work, owner_id=task.escalated_to_id)


def _principal(tx: Tx, task: Task) -> UUID | None:
    """Return who leads the task's campus; whoever failed to do it is not asked about it."""
    leaders = select(Staff).where(Staff.active, literal(_PRINCIPAL) == any_(Staff.roles)).order_by(Staff.id)
    able = [row for row in tx.session.scalars(leaders) if row.id != task.owner_id]
    own = [row.id for row in able if row.campus_ids is not None and task.campus_id in row.campus_ids]
    return next(iter([*own, *(row.id for row in able if row.campus_ids is None)]), None)


def _facts(task: Task) -> dict[str, str]:
    return {
        "task_id": str(task.id),
        "campus_id": str(task.campus_id),
        "owner_id": id_text(task.owner_id),
        "kind": task.kind,
    }


_STEPS: dict[str, Callable[[Tx, Task], None]] = {
    task_clock.REMINDED: _remind,
    task_clock.OVERDUE: _overdue,
    task_clock.ESCALATED: _escalate,
}
