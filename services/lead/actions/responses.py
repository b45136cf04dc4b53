"""First answers: each new lead runs on the clock of its campus until somebody is in touch with the family.

Captures do not look at clocks; a job starts them within seconds. Leads of files are exempt: nobody wrote to us.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.lead.v1.lead_events_pb2 import LeadResponseBreached
from services.lead.actions import policies, staff, tasks, working_hours
from services.lead.models import Lead, Task
from services.lead.rules import policy, stages
from shared import working_hours as clock
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish
from shared.wire_values import id_text
from shared.working_hours import WorkingHours

WAITING, MET, BREACHED, EXEMPT = "waiting", "met", "breached", "exempt"
_BATCH = 500
# Each gets a task and an event; few, for a lead that is held keeps its advisor waiting.
_LATE_AT_ONCE = 50
_LONGEST = timedelta(days=400)

_LEAD = """select id, campus_id, create_time, exists (select from touch t where t.institution_id = l.institution_id
    and t.lead_id = l.id and t.import_id is not null and t.create_time = l.create_time) as imported
  from lead l where institution_id = %(institution)s and """
_NEW = f"{_LEAD} response_state is null and state = 'open' order by id limit %(size)s for update skip locked"
_ONE = f"{_LEAD} id = %(lead)s"
_START = """update lead set response_state = t.state, response_due_time = t.due
  from unnest(%(ids)s::uuid[], %(states)s::text[], %(dues)s::timestamptz[]) as t (id, state, due)
  where lead.institution_id = %(institution)s and lead.id = t.id"""
# Ids carry the time of creation, so a range of ids is a range of time, and the key is the index.
_FIGURES = """select {group} as who, count(*) as leads, count(first_response_minutes) as answered,
    count(*) filter (where response_state = 'breached') as breached, avg(first_response_minutes)::float8 as average,
    percentile_cont(0.5) within group (order by first_response_minutes) as median
  from lead where institution_id = %(institution)s and id >= %(first)s and id < %(end)s and state <> 'merged'
    and response_state in ('waiting', 'met', 'breached')
  group by 1 order by leads desc, who"""


@dataclass(frozen=True, slots=True)
class Figures:
    """How fast the leads of one advisor or campus were answered; minutes are working minutes."""

    who: UUID | None
    leads: int
    answered: int
    breached: int
    average_minutes: float | None
    median_minutes: float | None


def start_clocks(tx: Tx) -> bool:
    """Say until when new leads are to be answered; return whether more wait."""
    found = tx.run(_NEW, {"institution": tx.institution_id, "size": _BATCH}).all()
    if found:
        dues = _dues(tx, found, working_hours.clocks(tx, (row.campus_id for row in found)))
        values = {
            "institution": tx.institution_id,
            "ids": [str(row.id) for row in found],
            "states": [WAITING if due is not None else EXEMPT for due in dues],
            "dues": dues,
        }
        tx.run(_START, values)
    return len(found) == _BATCH


def watch(tx: Tx) -> bool:
    """Give a task for each lead that was not answered in time; return whether more wait."""
    mine = (Lead.response_state == WAITING, Lead.state == stages.OPEN, Lead.response_due_time <= tx.now)
    late = (
        select(Lead)
        .where(*mine)
        .order_by(Lead.response_due_time)
        .limit(_LATE_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = tx.session.scalars(late).all()
    limits = _limits(tx, {lead.campus_id for lead in found})
    for lead in found:
        lead.response_state = BREACHED
        work = tasks.Work(
            kind=tasks.FIRST_RESPONSE,
            due_time=tx.now + timedelta(minutes=limits[lead.campus_id]),
            campus_id=lead.campus_id,
            lead=lead,
            origin=f"response|{lead.id}",
        )
        tasks.create(tx, work, owner_id=lead.owner_id)
        publish(
            tx,
            LeadResponseBreached(
                lead_id=str(lead.id),
                customer_id=str(lead.customer_id),
                campus_id=str(lead.campus_id),
                owner_id=id_text(lead.owner_id),
                due_time=lead.response_due_time,
            ),
        )
    return len(found) == _LATE_AT_ONCE


def ask_for_answer(tx: Tx, lead: Lead) -> None:
    """Make it a task to answer a known family that came by itself; one at a time, in the time of a first answer.

    The lead is locked. While its first answer is waited for, that clock does.
    """
    waits = select(Task.id).where(Task.lead_id == lead.id, Task.kind == tasks.REPLY, Task.state == tasks.OPEN).limit(1)
    fresh = lead.state == stages.OPEN and lead.response_state in {None, WAITING}
    if fresh or tx.scalar(waits) is not None:
        return
    limit = _limits(tx, [lead.campus_id])[lead.campus_id]
    found = working_hours.clocks(tx, [lead.campus_id]).get(lead.campus_id)
    due = clock.after(found, tx.now, limit) if found is not None else None
    # Whoever cared for a family that enrolled may have left since.
    person = staff.find(tx, lead.owner_id, lock=True) if lead.owner_id is not None else None
    work = tasks.Work(tasks.REPLY, due or tx.now + timedelta(minutes=limit), lead.campus_id, lead=lead)
    tasks.create(tx, work, owner_id=lead.owner_id if person is not None and person.active else None)


def answered(tx: Tx, lead: Lead, at: datetime) -> bool:
    """Stop the clock of a lead whose family was spoken with; return whether this was the first answer."""
    if lead.response_state == EXEMPT or lead.first_response_time is not None:
        return False
    clocks = working_hours.clocks(tx, [lead.campus_id])
    if lead.response_state is None:
        rows = tx.run(_ONE, {"institution": tx.institution_id, "lead": lead.id}).all()
        lead.response_due_time = _dues(tx, rows, clocks)[0]
        lead.response_state = WAITING if lead.response_due_time is not None else EXEMPT
    if lead.response_due_time is None:
        return False
    hours = clocks[lead.campus_id]
    lead.first_response_time = max(at, lead.create_time)
    lead.first_response_minutes = clock.minutes_between(hours, lead.create_time, at)
    lead.response_state = MET if at <= lead.response_due_time else BREACHED
    return True


def report(tx: Tx, *, start: datetime, end: datetime, group: str) -> list[Figures]:
    """Return the figures of leads that came in within a time, by "owner_id" or "campus_id".

    Raises InvalidInput PERIOD_INVALID.
    """
    check_period(start, end)
    values = {"institution": tx.institution_id, "first": first_id(start), "end": first_id(end)}
    column = {"owner_id": "owner_id", "campus_id": "campus_id"}[group]
    rows = tx.run(_FIGURES.format(group=column), values)
    return [Figures(row.who, row.leads, row.answered, row.breached, row.average, row.median) for row in rows]


def check_period(start: datetime, end: datetime) -> None:
    """Raise InvalidInput PERIOD_INVALID unless a period ends after it begins and is not too long."""
    if not timedelta() < end - start <= _LONGEST:
        raise InvalidInput("end_time", "a period ends after it begins and lasts at most 400 days", "PERIOD_INVALID")


def first_id(instant: datetime) -> UUID:
    """Return the least id of a row made at an instant."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def _dues(tx: Tx, rows: Sequence[Any], clocks: Mapping[UUID, WorkingHours]) -> list[datetime | None]:
    """Return until when each of these new leads is to be answered; None for those that need no answer."""
    limits = _limits(tx, clocks)
    return [
        None
        if row.imported or row.campus_id not in clocks
        else clock.after(clocks[row.campus_id], row.create_time, limits[row.campus_id])
        for row in rows
    ]


def _limits(tx: Tx, campus_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return within how many working minutes each campus answers."""
    return {campus_id: policies.value(tx, policy.RESPONSE_LIMIT_MINUTES, campus_id) for campus_id in campus_ids}
