"""Handing over on leaving or moving: announced with the change itself, reported by every service."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.lead.v1.lead_events_pb2 import LeadsHandedOver
from lianxiao.org.v1.org_events_pb2 import Handover
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingHandedOver
from lianxiao.student.v1.student_events_pb2 import StudentsHandedOver
from services.org.models import HandoverPart, HandoverRecord, Staff
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.ids import as_uuid, uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

SERVICES = ("lead", "student", "scheduling")
RUNNING, DONE = "running", "done"
LISTING: Listing[HandoverRecord] = Listing(
    HandoverRecord,
    fields={
        "create_time": Field(HandoverRecord.create_time),
        "staff_id": Field(HandoverRecord.staff_id, sortable=False),
        "state": Field(HandoverRecord.state, prefix="HANDOVER_STATE_", sortable=False),
    },
    default_order="create_time desc",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who takes over; without receivers everything goes to the pool or stays without an owner."""

    campus_id: UUID | None = None
    lead_receivers: tuple[UUID, ...] = ()
    student_receivers: tuple[UUID, ...] = ()
    teaching_receiver: UUID | None = None

    def receivers(self) -> set[UUID]:
        """Return everybody who takes over something."""
        teaching = {self.teaching_receiver} if self.teaching_receiver is not None else set()
        return {*self.lead_receivers, *self.student_receivers, *teaching}


def start(tx: Tx, person: Staff, plan: Plan, *, leaving: bool) -> tuple[HandoverRecord, Handover]:
    """Record a handover of a locked person, and return what StaffChanged carries of it.

    Raises Refused HANDOVER_RECEIVER_INACTIVE, InvalidInput for receivers who are the person.
    """
    if leaving and plan.campus_id is not None:
        raise InvalidInput("campus_id", "whoever leaves hands everything over")
    if person.id in plan.receivers():
        raise InvalidInput("lead_receiver_ids", "nobody takes over from themselves")
    _check_active(tx, plan.receivers())
    row = HandoverRecord(
        id=uuid7(),
        staff_id=person.id,
        home_campus_id=person.campus_id,
        leaving=leaving,
        campus_id=plan.campus_id,
        state=RUNNING,
        finish_time=None,
        starter_id=tx.caller.subject_id,
    )
    tx.session.add(row)
    told = Handover(
        handover_id=str(row.id),
        campus_id=id_text(plan.campus_id),
        lead_receiver_ids=[str(each) for each in plan.lead_receivers],
        student_receiver_ids=[str(each) for each in plan.student_receivers],
        teaching_receiver_id=id_text(plan.teaching_receiver),
    )
    return row, told


def get(tx: Tx, handover_id: UUID) -> HandoverRecord:
    """Return a handover. Raises HANDOVER_NOT_FOUND."""
    return tx.load(HandoverRecord, "handover", handover_id)


def parts(tx: Tx, handover_ids: Collection[UUID]) -> dict[UUID, list[HandoverPart]]:
    """Return the answers so far to each handover."""
    found: dict[UUID, list[HandoverPart]] = {handover_id: [] for handover_id in handover_ids}
    query = select(HandoverPart).where(HandoverPart.handover_id.in_(list(found))).order_by(HandoverPart.service)
    for part in tx.session.scalars(query):
        found[part.handover_id].append(part)
    return found


def on_leads_handed_over(tx: Tx, event: LeadsHandedOver) -> None:
    """Note what lead has done."""
    _note(tx, "lead", event)


def on_students_handed_over(tx: Tx, event: StudentsHandedOver) -> None:
    """Note what student has done."""
    _note(tx, "student", event)


def on_teaching_handed_over(tx: Tx, event: TeachingHandedOver) -> None:
    """Note what scheduling has done."""
    _note(tx, "scheduling", event)


def _note(tx: Tx, service: str, event: Any) -> None:
    """Keep one answer; the lock on the handover puts the answers in line, and the last one completes it."""
    row = tx.load(HandoverRecord, "handover", as_uuid(event.handover_id), for_update=True)
    answered = select(HandoverPart.service).where(HandoverPart.handover_id == row.id)
    if service in set(tx.session.scalars(answered)):
        return
    items: Sequence[Any] = event.items
    tx.session.add(
        HandoverPart(
            handover_id=row.id, service=service, items=[[one.kind, one.receiver_id, one.count] for one in items]
        )
    )
    tx.session.flush()
    count = tx.scalar(select(func.count()).select_from(HandoverPart).where(HandoverPart.handover_id == row.id))
    if count == len(SERVICES):
        row.state, row.finish_time = DONE, tx.now


def _check_active(tx: Tx, staff_ids: Collection[UUID]) -> None:
    """Keep receivers from leaving before the commit; afterwards each service looks for itself."""
    query = select(Staff.id).where(Staff.id.in_(set(staff_ids)), Staff.active).order_by(Staff.id)
    able = set(tx.session.scalars(query.with_for_update(read=True)))
    for staff_id in sorted(set(staff_ids) - able):
        raise Refused("HANDOVER_RECEIVER_INACTIVE", "whoever takes over must be active staff", staff_id=str(staff_id))
