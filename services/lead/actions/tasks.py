"""What staff have to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert

from lianxiao.billing.v1.billing_events_pb2 import HoursBelowThreshold
from lianxiao.lead.v1.lead_events_pb2 import TaskCreated
from services.lead.actions import bulk, campuses, customers, leads, policies, staff
from services.lead.models import Lead, Task
from services.lead.rules import policy, stages, task_clock
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.events import publish
from shared.ids import as_uuid
from shared.listing import Field, Listing
from shared.wire_values import id_text

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

OPEN = "open"
FOLLOW_UP = "follow_up"
FIRST_RESPONSE = "first_response"
PLAN_STEP = "plan_step"
ESCALATION = "escalation"
RENEWAL = "renewal"
RECYCLE_WARNING = "recycle_warning"
REPLY = "reply"
_RENEWAL_WITHIN = timedelta(days=2)

LISTING: Listing[Task] = Listing(
    Task,
    fields={
        "due_time": Field(Task.due_time),
        "create_time": Field(Task.create_time),
        "state": Field(Task.state, prefix="TASK_STATE_", sortable=False),
        "owner_id": Field(Task.owner_id, sortable=False),
        "campus_id": Field(Task.campus_id, sortable=False),
        "lead_id": Field(Task.lead_id, sortable=False),
        "kind": Field(Task.kind, sortable=False),
    },
    default_order="due_time",
)


@dataclass(frozen=True, slots=True)
class Work:
    """What a task is about."""

    kind: str
    due_time: datetime
    campus_id: UUID
    lead: Lead | None = None
    customer_id: UUID | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    origin: str | None = None
    plan_run_id: UUID | None = None


def create_by_hand(
    tx: Tx,
    *,
    kind: str,
    due_time: datetime,
    campus_id: UUID | None,
    owner_id: UUID | None,
    lead_id: UUID | None,
    note: str = "",
) -> Task:
    """Give a task to somebody, by default to the caller.

    Raises InvalidInput without campus and lead, LEAD_NOT_FOUND, CAMPUS_NOT_FOUND, STAFF_NOT_ASSIGNABLE.
    """
    lead = leads.get_unmerged(tx, lead_id) if lead_id is not None else None
    campus = lead.campus_id if lead is not None else campus_id
    if campus is None:
        raise InvalidInput("campus_id", "name the campus or the lead of this task")
    campuses.check_open(tx, campus)
    owner = owner_id or staff.actor(tx)
    if owner is not None and owner != staff.actor(tx):
        staff.check_assignable(tx, [owner], campus)
    task = create(tx, Work(kind=kind, due_time=due_time, campus_id=campus, lead=lead, note=note), owner_id=owner)
    if task is None:
        raise Refused("TASK_EXISTS", "this task is there already")
    return task


def create(tx: Tx, work: Work, *, owner_id: UUID | None) -> Task | None:
    """Add a task and tell of it; None when one of the same origin is there already."""
    reminder = policies.value(tx, policy.REMINDER_MINUTES, work.campus_id)
    task = bulk.fresh(
        tx,
        Task,
        campus_id=work.campus_id,
        owner_id=owner_id,
        lead_id=work.lead.id if work.lead else None,
        customer_id=work.lead.customer_id if work.lead else work.customer_id,
        kind=work.kind,
        origin=work.origin,
        facts=dict(work.facts),
        note_sealed=None,
        due_time=work.due_time,
        state=OPEN,
        result_sealed=None,
        complete_time=None,
        plan_run_id=work.plan_run_id,
        watch=task_clock.NONE,
        next_watch_time=work.due_time - timedelta(minutes=reminder),
        overdue_time=None,
        escalated_to_id=None,
    )
    Task.note.seal(tx, task, work.note)
    row = {column.name: getattr(task, column.name) for column in Task.__table__.columns}
    # Neither a target nor RETURNING: either would refuse a task for somebody else to callers who see their own only.
    made = tx.execute(insert(Task).values(row).on_conflict_do_nothing())
    if not cast("CursorResult[Any]", made).rowcount:
        return None
    event = TaskCreated(
        task_id=str(task.id),
        campus_id=str(task.campus_id),
        owner_id=id_text(owner_id),
        lead_id=id_text(task.lead_id),
        kind=task.kind,
        due_time=task.due_time,
    )
    publish(tx, event)
    return task


def pass_on(tx: Tx, lead: Lead, other: Lead, task_ids: Sequence[str] | None = None) -> list[str]:
    """Let what is to be done about a lead be about another one that carries on for it; return which tasks these are.

    Steps of plans rest with their plan. With `task_ids` only these go, what is done too. Both leads are locked.
    """
    mine = [Task.institution_id == tx.institution_id, Task.lead_id == lead.id]
    if task_ids is None:
        mine += [Task.state == OPEN, Task.plan_run_id.is_(None)]
    else:
        mine.append(Task.id.in_([UUID(each) for each in task_ids]))
    rows = tx.session.scalars(select(Task).where(*mine).order_by(Task.id).with_for_update()).all()
    for row in rows:
        # The owner of a closed lead may have left.
        if row.state == OPEN and row.owner_id == lead.owner_id and other.state == stages.OPEN:
            row.owner_id, row.campus_id = other.owner_id, other.campus_id
        row.lead_id, row.customer_id = other.id, other.customer_id
    tx.session.flush()
    return [str(row.id) for row in rows]


def close(tx: Tx, task_id: UUID, *, result: str = "") -> Task:
    """Note that a task is done. Raises TASK_NOT_FOUND, TASK_CANCELLED, and TASK_DONE when somebody was faster."""
    task = tx.load(Task, "task", task_id, for_update=True)
    if task.state == "cancelled":
        raise Refused("TASK_CANCELLED", "nobody needs to do this task any more")
    if task.state != OPEN:
        raise Refused("TASK_DONE", "this task is done already")
    task.state, task.complete_time = "done", tx.now
    Task.result.seal(tx, task, result)
    return task


def promise(tx: Tx, lead: Lead, next_contact_time: datetime) -> None:
    """Make the promised next contact a task of the lead's owner. Raises InvalidInput TIME_PAST."""
    if next_contact_time <= tx.now:
        raise InvalidInput("next_contact_time", "the next contact must lie in the future", reason="TIME_PAST")
    lead.next_contact_time = next_contact_time
    work = Work(kind=FOLLOW_UP, due_time=next_contact_time, campus_id=lead.campus_id, lead=lead)
    create(tx, work, owner_id=lead.owner_id)


def finish_follow_ups(tx: Tx, lead_id: UUID) -> None:
    """Close the open tasks of a lead that ask for a contact: it has happened."""
    finish(tx, Task.lead_id == lead_id, Task.kind.in_((FOLLOW_UP, FIRST_RESPONSE, RECYCLE_WARNING, REPLY)))


def finish(tx: Tx, *which: ColumnElement[bool]) -> None:
    """Close the open tasks among these: what they ask for has happened."""
    done = {"state": "done", "complete_time": tx.now, "update_time": tx.now}
    tx.execute(update(Task).where(*which, Task.state == OPEN).values(**done))


def on_hours_below_threshold(tx: Tx, event: HoursBelowThreshold) -> None:
    """Ask the advisor of the family, once per threshold and order, to speak about renewal; without one, the campus."""
    customer_id = customers.resolve(tx, as_uuid(event.student_id))
    lead = customers.find_lead(tx, customer_id)
    facts: dict[str, Any] = {
        "course_id": event.course_id,
        "order_id": event.order_id,
        "remaining_hundredths": str(event.remaining_hundredths),
        "threshold_hundredths": str(event.threshold_hundredths),
    }
    origin = f"hours|{event.student_id}|{event.course_id}|{event.threshold_hundredths}|{event.order_id}"
    work = Work(
        kind=RENEWAL,
        due_time=tx.now + _RENEWAL_WITHIN,
        campus_id=as_uuid(event.campus_id),
        lead=lead,
        customer_id=customer_id,
        facts=facts,
        origin=origin,
    )
    create(tx, work, owner_id=lead.owner_id if lead is not None else None)
