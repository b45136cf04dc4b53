"""Calls to families: to be made until a day, and what they brought (SV-02)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from lianxiao.student.v1.student_events_pb2 import FamilyCalled
from services.student.actions import guardian_access, handovers, notices, staff, students, tickets
from services.student.actions.tickets import Matter
from services.student.models import CallAttempt, CallTask, Student
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

OPEN, DONE, CANCELLED = "open", "done", "cancelled"
BY_STAFF, BY_CARE = "staff", "care"
# After these the family is called again.
_AGAIN = ("not_reached", "later")
LISTING: Listing[CallTask] = Listing(
    CallTask,
    fields={
        "state": Field(CallTask.state, prefix="CALL_TASK_STATE_", sortable=False),
        "source": Field(CallTask.source, prefix="CALL_TASK_SOURCE_", sortable=False),
        "owner_id": Field(CallTask.owner_id, sortable=False),
        "student_id": Field(CallTask.student_id, sortable=False, aliased=True),
        "campus_id": Field(CallTask.campus_id, sortable=False),
        "due_time": Field(CallTask.due_time),
        "create_time": Field(CallTask.create_time),
    },
    default_order="due_time",
)


@dataclass(frozen=True, slots=True)
class Call:
    """What a call brought; `next_time` is for a family that is called again, `ticket_kind` for what it brought up."""

    outcome: str
    note: str = ""
    next_time: datetime | None = None
    ticket_kind: str = ""


def create(
    tx: Tx,
    student_id: UUID,
    *,
    occasion: str,
    due_time: datetime,
    guardian_id: UUID | None = None,
    owner_id: UUID | None = None,
) -> CallTask:
    """Have a family called.

    Raises NotFound, InvalidInput GUARDIAN_UNKNOWN, Refused CONTACT_NOT_WANTED, STAFF_NOT_ASSIGNABLE.
    """
    student = students.get(tx, student_id)
    guardian_access.check(tx, student, guardian_id)
    if guardian_id is not None and not guardian_access.may_contact(tx, student.id, guardian_id):
        raise Refused("CONTACT_NOT_WANTED", "this guardian does not want to be contacted about the child")
    staff.check_assignable(tx, owner_id, student.campus_id)
    return add(tx, student, occasion, due_time, source=BY_STAFF, guardian_id=guardian_id, owner_id=owner_id)


def add(
    tx: Tx,
    student: Student,
    occasion: str,
    due_time: datetime,
    *,
    source: str,
    guardian_id: UUID | None = None,
    owner_id: UUID | None = None,
    task_id: UUID | None = None,
) -> CallTask:
    """Add a call to make, by the student's advisor unless an owner is given."""
    row = CallTask(
        id=task_id or uuid7(),
        campus_id=student.campus_id,
        owner_id=owner_id or handovers.owner_or_nobody(tx, student.owner_id),
        student_id=student.id,
        guardian_id=guardian_id,
        occasion=occasion,
        source=source,
        due_time=due_time,
        state=OPEN,
        outcome="",
        attempt_count=0,
    )
    tx.session.add(row)
    tx.session.flush()
    _tell_owner(tx, row)
    return row


def attempts(tx: Tx, call_task_id: UUID) -> Sequence[CallAttempt]:
    """Return the attempts of a task, the first one first; raises NotFound."""
    tx.load(CallTask, "call_task", call_task_id)
    query = select(CallAttempt).where(CallAttempt.call_task_id == call_task_id).order_by(CallAttempt.number)
    return tx.session.scalars(query).all()


def assign(tx: Tx, call_task_id: UUID, *, owner_id: UUID) -> CallTask:
    """Give a call to somebody. Raises NotFound, Refused CALL_TASK_DONE, STAFF_NOT_ASSIGNABLE."""
    row = _open(tx, call_task_id)
    staff.check_assignable(tx, owner_id, row.campus_id)
    if row.owner_id != owner_id:
        row.owner_id = owner_id
        tx.session.flush()
        _tell_owner(tx, row)
    return row


def record(tx: Tx, call_task_id: UUID, call: Call) -> CallAttempt:
    """Note what a call brought; whoever was not reached is called again. Raises NotFound, Refused CALL_TASK_DONE."""
    row = _open(tx, call_task_id)
    row.attempt_count += 1
    row.outcome = call.outcome
    if call.outcome in _AGAIN:
        row.due_time = call.next_time or tx.now + timedelta(days=1)
    else:
        row.state, row.finish_time = DONE, tx.now
    ticket_id = None
    if call.ticket_kind:
        matter = Matter(call.ticket_kind, row.occasion, call.note)
        ticket_id = tickets.open_for(tx, row.student_id, matter).id
    attempt = CallAttempt(
        id=uuid7(),
        campus_id=row.campus_id,
        call_task_id=row.id,
        number=row.attempt_count,
        outcome=call.outcome,
        staff_id=tx.caller.subject_id,
        ticket_id=ticket_id,
    )
    CallAttempt.note.seal(tx, attempt, call.note)
    tx.session.add(attempt)
    tx.session.flush()
    told = FamilyCalled(
        call_task_id=str(row.id),
        student_id=str(row.student_id),
        campus_id=str(row.campus_id),
        staff_id=str(attempt.staff_id),
        outcome=call.outcome,
        ticket_id=id_text(ticket_id),
    )
    publish(tx, told)
    return attempt


def cancel(tx: Tx, call_task_id: UUID) -> CallTask:
    """Make a call no more. Raises NotFound, Refused CALL_TASK_DONE."""
    row = _open(tx, call_task_id)
    row.state, row.finish_time = CANCELLED, tx.now
    tx.session.flush()
    return row


def _open(tx: Tx, call_task_id: UUID) -> CallTask:
    row = tx.load(CallTask, "call_task", call_task_id, for_update=True)
    if row.state != OPEN:
        raise Refused("CALL_TASK_DONE", "this call is over", state=row.state)
    return row


def _tell_owner(tx: Tx, row: CallTask) -> None:
    notices.to_staff(tx, row.owner_id, row.campus_id, "call_due", f"{row.id}:{row.owner_id}", row.due_time)
