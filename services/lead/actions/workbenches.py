"""An advisor's home: what is to be done today, how own students stand, what is about to go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.lead.actions import policies, responses, staff, studies, tasks, working_hours
from services.lead.actions.studies import Hours
from services.lead.models import Campus, Lead, Task
from services.lead.rules import policy, stages
from shared.db import Tx
from shared.errors import NotFound

UNANSWERED, RECYCLED, PROMISE_MISSED = "unanswered", "recycled", "promise_missed"
MOST = 100
_BEIJING = ZoneInfo("Asia/Shanghai")
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A lead about to go wrong, and when: the answer due, back to the pool, or the contact that was promised."""

    kind: str
    lead: Any
    time: datetime


@dataclass(frozen=True, slots=True)
class Student:
    """An own student with their hours course by course, and the open task of speaking about renewal."""

    lead: Any
    hours: Sequence[Hours]
    renewal: Task | None


@dataclass(frozen=True, slots=True)
class Workbench:
    """What one advisor should look at today; lists hold at most MOST, counts are whole."""

    day: date
    tasks: Sequence[Task]
    task_count: int
    overdue_count: int
    students: Sequence[Student]
    student_count: int
    warnings: Sequence[Alarm]


def get(tx: Tx, staff_id: UUID) -> Workbench:
    """Return the workbench of a staff member, as far as the caller sees their rows. Raises STAFF_NOT_FOUND."""
    person = staff.find(tx, staff_id)
    if person is None:
        raise NotFound("staff", staff_id)
    home = person.campus_ids[0] if person.campus_ids else None
    known = tx.session.get(Campus, (tx.institution_id, home)) if home is not None else None
    zone = working_hours.zone(tx, known.id) if known is not None else _BEIJING
    today = tx.now.astimezone(zone).date()
    evening = datetime.combine(today + timedelta(days=1), time(), zone)
    mine = (Task.institution_id == tx.institution_id, Task.owner_id == staff_id, Task.state == tasks.OPEN)
    due = select(Task).where(*mine, Task.due_time < evening).order_by(Task.due_time, Task.id).limit(MOST)
    counts = select(func.count(), func.count().filter(Task.due_time < tx.now)).where(*mine, Task.due_time < evening)
    whole, overdue = tx.execute(counts).one()
    enrolled = _owned(tx, staff_id, stages.ENROLLED)
    number = tx.scalar(select(func.count()).select_from(Lead).where(*enrolled))
    return Workbench(
        day=today,
        tasks=tx.session.scalars(due).all(),
        task_count=whole,
        overdue_count=overdue,
        students=_students(tx, enrolled, mine, today.replace(day=1)),
        student_count=int(number),
        warnings=sorted(_warnings(tx, staff_id), key=lambda each: each.time)[:MOST],
    )


def _owned(tx: Tx, staff_id: UUID, state: str) -> tuple[Any, ...]:
    return Lead.institution_id == tx.institution_id, Lead.owner_id == staff_id, Lead.state == state


def _students(tx: Tx, enrolled: tuple[Any, ...], mine: tuple[Any, ...], month: date) -> list[Student]:
    """Return own students, those first with whom renewal is to be spoken about."""
    due = tx.session.scalars(select(Task).where(*mine, Task.kind == tasks.RENEWAL).order_by(Task.due_time)).all()
    renewals: dict[UUID, Task] = {}
    for task in due:
        if task.customer_id is not None:
            renewals.setdefault(task.customer_id, task)
    order = (Lead.customer_id.in_(renewals).desc(), Lead.id.desc())
    found = tx.session.scalars(select(Lead).where(*enrolled).order_by(*order).limit(MOST)).all()
    by_customer: dict[UUID, list[Hours]] = {}
    for each in studies.hours(tx, [lead.customer_id for lead in found], month):
        by_customer.setdefault(each.customer_id, []).append(each)
    return [Student(lead, by_customer.get(lead.customer_id, ()), renewals.get(lead.customer_id)) for lead in found]


def _warnings(tx: Tx, staff_id: UUID) -> Iterator[Alarm]:
    opened = _owned(tx, staff_id, stages.OPEN)
    settings: dict[UUID, dict[str, int]] = {}
    waiting = (Lead.response_state == responses.WAITING) & (Lead.response_due_time <= tx.now + _SOON)
    late = (Lead.response_state == responses.BREACHED) & Lead.first_response_time.is_(None)
    for lead in _some(tx, (*opened, waiting | late), Lead.response_due_time):
        yield Alarm(UNANSWERED, lead, lead.response_due_time)
    seen = func.greatest(Lead.create_time, Lead.owner_time, Lead.last_contact_time)
    for lead in _some(tx, (*opened, Lead.warn_time.is_not(None), Lead.warn_time >= seen), Lead.warn_time):
        if lead.campus_id not in settings:
            settings[lead.campus_id] = policies.values(tx, lead.campus_id)
        after = timedelta(hours=settings[lead.campus_id][policy.WARN_HOURS])
        yield Alarm(RECYCLED, lead, lead.warn_time + after)
    for lead in _some(tx, (*opened, Lead.next_contact_time < tx.now), Lead.next_contact_time):
        yield Alarm(PROMISE_MISSED, lead, lead.next_contact_time)


def _some(tx: Tx, where: tuple[Any, ...], order: Any) -> Sequence[Any]:
    return tx.session.scalars(select(Lead).where(*where).order_by(order, Lead.id).limit(MOST)).all()
