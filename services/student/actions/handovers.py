"""Who has left, and who takes over their students."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.common.v1.handover_pb2 import HandedOver
from lianxiao.org.v1.org_events_pb2 import StaffChanged
from lianxiao.student.v1.student_events_pb2 import StudentsHandedOver
from services.student.actions import duties
from services.student.models import Staff, Student
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid
from shared.wire_values import id_text, ids, optional_id

KIND = "student"


def on_staff_changed(tx: Tx, event: StaffChanged) -> None:
    """Note who works where; students of whoever left or hands over go to the receivers in turn, or to nobody."""
    staff_id = as_uuid(event.staff_id)
    _note(tx, staff_id, event)
    if event.active and not event.HasField("handover"):
        return
    plan = event.handover
    receivers = _active(tx, ids(plan.student_receiver_ids))
    mine = [Student.institution_id == tx.institution_id, Student.owner_id == staff_id]
    campus_id = optional_id(plan.campus_id)
    if campus_id is not None:
        mine.append(Student.campus_id == campus_id)
    counts: Counter[UUID | None] = Counter()
    found = tx.session.scalars(select(Student).where(*mine).order_by(Student.id).with_for_update()).all()
    for number, student in enumerate(found):
        able = [one.id for one in receivers if one.campus_ids is None or student.campus_id in one.campus_ids]
        student.owner_id = able[number % len(able)] if able else None
        counts[student.owner_id] += 1
    duties.pass_on(tx, staff_id, campus_id)
    if event.HasField("handover"):
        items = [
            HandedOver(kind=KIND, receiver_id=id_text(receiver), count=count)
            for receiver, count in sorted(counts.items(), key=str)
        ]
        publish(tx, StudentsHandedOver(handover_id=plan.handover_id, staff_id=event.staff_id, items=items))


def owner_or_nobody(tx: Tx, staff_id: UUID | None) -> UUID | None:
    """Return an owner who has not left, and cannot before the commit; None for one who has."""
    if staff_id is None:
        return None
    person = tx.session.get(
        Staff, (tx.institution_id, staff_id), with_for_update={"read": True}, populate_existing=True
    )
    return None if person is not None and not person.active else staff_id


def workload(tx: Tx, staff_id: UUID) -> Iterator[tuple[str, UUID | None, int]]:
    """Return what somebody has in hand: kind, campus, count."""
    mine = (Student.institution_id == tx.institution_id, Student.owner_id == staff_id)
    query = select(Student.campus_id, func.count()).where(*mine).group_by(Student.campus_id)
    for campus_id, count in tx.execute(query.order_by(Student.campus_id)):
        yield KIND, campus_id, count


def _note(tx: Tx, staff_id: UUID, event: StaffChanged) -> None:
    row = tx.session.get(Staff, (tx.institution_id, staff_id), with_for_update=True, populate_existing=True)
    if row is None:
        row = Staff(id=staff_id)
        tx.session.add(row)
    row.active = event.active
    everywhere = any(not role.campus_ids for role in event.roles)
    row.campus_ids = None if everywhere else sorted({as_uuid(each) for role in event.roles for each in role.campus_ids})
    tx.session.flush()


def _active(tx: Tx, staff_ids: list[UUID]) -> list[Staff]:
    query = select(Staff).where(Staff.id.in_(staff_ids), Staff.active).order_by(Staff.id).with_for_update(read=True)
    found = {row.id: row for row in tx.session.scalars(query)}
    return [found[staff_id] for staff_id in staff_ids if staff_id in found]
