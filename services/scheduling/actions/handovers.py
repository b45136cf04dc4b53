"""Class groups of a teacher who leaves or moves go to another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import func, select

from lianxiao.common.v1.handover_pb2 import HandedOver
from lianxiao.org.v1.org_events_pb2 import StaffChanged
from lianxiao.scheduling.v1.scheduling_events_pb2 import TeachingHandedOver
from services.scheduling.actions import teachers
from services.scheduling.models import ClassGroup, Lesson, Teacher
from shared.db import Tx
from shared.events import publish
from shared.ids import as_uuid
from shared.wire_values import id_text, optional_id

GROUP, LESSON = "class_group", "lesson"


def on_staff_changed(tx: Tx, event: StaffChanged) -> None:
    """Keep what org says; class groups go to the receiver or are without a teacher.

    Coming lessons stay with whom they were planned for, and are reported: another teacher may not be free, and that is
    for a person to solve.
    """
    teachers.project(tx, event)
    if event.active and not event.HasField("handover"):
        return
    tx.session.flush()
    plan = event.handover
    teacher_id, campus_id = as_uuid(event.staff_id), optional_id(plan.campus_id)
    receiver = _able(tx, optional_id(plan.teaching_receiver_id))
    mine = [ClassGroup.teacher_id == teacher_id, ClassGroup.state == "open"]
    if campus_id is not None:
        mine.append(ClassGroup.campus_id == campus_id)
    counts: Counter[tuple[str, UUID | None]] = Counter()
    for group in tx.session.scalars(select(ClassGroup).where(*mine).order_by(ClassGroup.id).with_for_update()).all():
        fits = receiver is not None and (not receiver.campus_ids or group.campus_id in receiver.campus_ids)
        group.teacher_id = receiver.id if receiver is not None and fits else None
        counts[GROUP, group.teacher_id] += 1
    if event.HasField("handover"):
        planned = sum(count for kind, place, count in workload(tx, teacher_id) if kind == LESSON and
                      campus_id in {None, place})  # fmt: skip
        if planned:
            counts[LESSON, teacher_id] = planned
        items = [
            HandedOver(kind=kind, receiver_id=id_text(who), count=count)
            for (kind, who), count in sorted(counts.items(), key=str)
        ]
        publish(tx, TeachingHandedOver(handover_id=plan.handover_id, staff_id=event.staff_id, items=items))


def workload(tx: Tx, staff_id: UUID) -> Iterator[tuple[str, UUID | None, int]]:
    """Return what somebody has in hand: kind, campus, count."""
    groups = select(ClassGroup.campus_id, func.count()).where(
        ClassGroup.institution_id == tx.institution_id, ClassGroup.teacher_id == staff_id, ClassGroup.state == "open"
    )
    lessons = select(Lesson.campus_id, func.count()).where(
        Lesson.institution_id == tx.institution_id,
        Lesson.teacher_id == staff_id,
        Lesson.state == "scheduled",
        Lesson.start_time > tx.now,
    )
    for campus_id, count in tx.execute(groups.group_by(ClassGroup.campus_id).order_by(ClassGroup.campus_id)):
        yield GROUP, campus_id, count
    for campus_id, count in tx.execute(lessons.group_by(Lesson.campus_id).order_by(Lesson.campus_id)):
        yield LESSON, campus_id, count


def _able(tx: Tx, teacher_id: UUID | None) -> Teacher | None:
    if teacher_id is None:
        return None
    found = tx.session.get(Teacher, (tx.institution_id, teacher_id), with_for_update={"read": True})
    return found if found is not None and found.active else None
