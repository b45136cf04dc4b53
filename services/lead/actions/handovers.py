"""What a staff member had in hand goes to others, in the transaction that notes that they left or moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.common.v1.handover_pb2 import HandedOver
from lianxiao.lead.v1.lead_events_pb2 import LeadsHandedOver
from lianxiao.org.v1.org_events_pb2 import StaffChanged
from services.lead.actions import assignments, claims, owners, staff, tasks, teaching
from services.lead.actions.claims import Claimant
from services.lead.models import Claim, Lead, Staff, Task, TeachingHandover
from services.lead.rules import stages
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid
from shared.wire_values import id_text, optional_id

LEFT, MOVED = "staff_left", "staff_moved"


@dataclass(slots=True)
class Job:
    """One handover while it runs: who takes over in turn, and what has gone to whom."""

    staff_id: UUID
    reason: str
    campus_id: UUID | None
    receivers: Sequence[Staff]
    owners: dict[UUID, UUID | None] = field(default_factory=dict)
    counts: Counter[tuple[str, UUID | None]] = field(default_factory=Counter)
    turn: int = 0

    def next_for(self, campus_id: UUID) -> UUID | None:
        """Return who comes next among those who work at a campus; None when nobody does."""
        able = [one.id for one in self.receivers if one.campus_ids is None or campus_id in one.campus_ids]
        if not able:
            return None
        self.turn += 1
        return able[(self.turn - 1) % len(able)]


def on_staff_changed(tx: Tx, event: StaffChanged) -> None:
    """Keep the copy of a staff member fresh; whoever left keeps nothing, whoever hands over keeps none of that."""
    staff.project(tx, event)
    if event.active and not event.HasField("handover"):
        return
    plan = event.handover
    job = Job(
        staff_id=as_uuid(event.staff_id),
        reason=MOVED if event.active else LEFT,
        campus_id=optional_id(plan.campus_id),
        receivers=_receivers(tx, [as_uuid(each) for each in plan.lead_receiver_ids]),
    )
    _leads(tx, job)
    _teaching(tx, job, optional_id(plan.teaching_receiver_id))
    _tasks(tx, job)
    _claims(tx, job)
    if event.HasField("handover"):
        items = [
            HandedOver(kind=kind, receiver_id=id_text(receiver), count=count)
            for (kind, receiver), count in sorted(job.counts.items(), key=str)
        ]
        publish(tx, LeadsHandedOver(handover_id=plan.handover_id, staff_id=event.staff_id, items=items))


def workload(tx: Tx, staff_id: UUID) -> Iterator[tuple[str, UUID | None, int]]:
    """Return what somebody has in hand: kind, campus, count."""
    for kind, model, state in (
        ("lead", Lead, stages.OPEN),
        ("task", Task, tasks.OPEN),
        ("teaching_handover", TeachingHandover, teaching.WAITING),
    ):
        mine = (model.institution_id == tx.institution_id, model.owner_id == staff_id, model.state == state)
        query = select(model.campus_id, func.count()).where(*mine).group_by(model.campus_id)
        for campus_id, count in tx.execute(query.order_by(model.campus_id)):
            yield kind, campus_id, count
    of_lead = (Lead.institution_id == Claim.institution_id) & (Lead.id == Claim.lead_id)
    live = (Claim.claimant_id == staff_id, Claim.end_reason == "", func.upper(Claim.during) > tx.now)
    query = select(Lead.campus_id, func.count()).select_from(Claim).join(Lead, of_lead).where(*live)
    for campus_id, count in tx.execute(query.group_by(Lead.campus_id).order_by(Lead.campus_id)):
        yield "claim", campus_id, count


def _receivers(tx: Tx, staff_ids: Sequence[UUID]) -> list[Staff]:
    """Return who of the chosen is still active, in their order; they stay so until the commit."""
    found = {staff_id: staff.find(tx, staff_id, lock=True) for staff_id in sorted(staff_ids)}
    people = [found[staff_id] for staff_id in staff_ids]
    return [person for person in people if person is not None and person.active]


def _owned(tx: Tx, model: Any, job: Job) -> Sequence[Any]:
    mine = [model.institution_id == tx.institution_id, model.owner_id == job.staff_id, model.state == stages.OPEN]
    if job.campus_id is not None:
        mine.append(model.campus_id == job.campus_id)
    query = select(model).where(*mine).order_by(model.id).with_for_update()
    return tx.session.scalars(query.execution_options(populate_existing=True)).all()


def _leads(tx: Tx, job: Job) -> None:
    for lead in _owned(tx, Lead, job):
        receiver = job.next_for(lead.campus_id)
        job.owners[lead.id] = receiver
        job.counts["lead", receiver] += 1
        if receiver is None:
            followed = owners.release(tx, lead, job.reason)
        else:
            tx.session.add(owners.by_hand(tx, lead, receiver, job.reason))
            followed = owners.give(tx, lead, receiver)
            publish(tx, assignments.event(lead, None))
        if followed:
            job.counts["task", receiver] += followed


def _teaching(tx: Tx, job: Job, receiver_id: UUID | None) -> None:
    """Give handovers to teaching that wait for this teacher to another one; else an advisor names somebody."""
    row = TeachingHandover
    waiting = [row.institution_id == tx.institution_id, row.owner_id == job.staff_id, row.state == teaching.WAITING]
    if job.campus_id is not None:
        waiting.append(row.campus_id == job.campus_id)
    found = tx.session.scalars(select(row).where(*waiting).order_by(row.id).with_for_update()).all()
    able = _receivers(tx, [receiver_id]) if receiver_id is not None and found else []
    teacher_id = able[0].id if able else None
    for each in found:
        teaching.pass_on(tx, each, teacher_id, job.reason)
        job.counts["teaching_handover", teacher_id] += 1
    tx.session.flush()


def _tasks(tx: Tx, job: Job) -> None:
    """Let tasks that did not follow their lead by themselves go where it went; others go around."""
    for task in _owned(tx, Task, job):
        follows = task.lead_id in job.owners
        task.owner_id = job.owners[task.lead_id] if follows else job.next_for(task.campus_id)
        job.counts["task", task.owner_id] += 1


def _claims(tx: Tx, job: Job) -> None:
    """Give the claims on leads that were handed over to their new owners; whoever leaves keeps none of the others."""
    mine = [Claim.claimant_id == job.staff_id, Claim.end_reason == "", func.upper(Claim.during) > tx.now]
    if job.reason == MOVED:
        mine.append(Claim.lead_id.in_(list(job.owners)))
    for claim in tx.session.scalars(select(Claim).where(*mine).order_by(Claim.id).with_for_update()).all():
        receiver, until = job.owners.get(claim.lead_id), claim.during.upper
        begin = claims.end(tx, claim, claims.LEFT)
        if receiver is not None and until is not None:
            lead = tx.load(Lead, "lead", claim.lead_id)
            claims.succeed(tx, claim, lead, Claimant(receiver), begin=begin, until=until)
        job.counts["claim", receiver] += 1
