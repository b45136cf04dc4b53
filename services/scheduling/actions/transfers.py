"""From one class group to another, in one step: either both happen, or neither."""

from __future__ import annotations

from uuid import UUID

from lianxiao.scheduling.v1.scheduling_events_pb2 import StudentTransferred
from services.scheduling.actions import class_groups, memberships, prorations, resources
from services.scheduling.actions.memberships import Joined
from shared.db import Tx
from shared.errors import InvalidInput
from shared.events import publish
from shared.ids import uuid7


def transfer(
    tx: Tx,
    class_group_id: UUID,
    *,
    student_id: UUID,
    target_class_group_id: UUID,
    reason: str,
    override_reason: str = "",
) -> Joined:
    """Let a student leave a class group and join another one now.

    Refusals: those of leaving and joining; InvalidInput for the same group.
    """
    if class_group_id == target_class_group_id:
        raise InvalidInput("target_class_group_id", "name another class group")
    resources.lock(tx, [class_group_id, target_class_group_id])
    transfer_id = uuid7()
    left = memberships.leave(tx, class_group_id, student_id=student_id, reason=reason, transfer_id=transfer_id)
    joined = memberships.join(
        tx, target_class_group_id, student_id=student_id, transfer_id=transfer_id, override_reason=override_reason
    )
    source, target = (class_groups.get(tx, each) for each in (class_group_id, target_class_group_id))
    before = prorations.of(tx, class_group_id, left.leave_time or tx.now)
    event = StudentTransferred(
        transfer_id=str(transfer_id),
        student_id=str(student_id),
        campus_id=str(target.campus_id),
        source_campus_id=str(source.campus_id),
        source_class_group_id=str(source.id),
        source_course_id=str(source.course_id),
        source_total_lesson_count=before.total_lesson_count,
        source_remaining_lesson_count=before.remaining_lesson_count,
        source_remaining_hundredths=before.remaining_hundredths,
        target_class_group_id=str(target.id),
        target_course_id=str(target.course_id),
        target_total_lesson_count=joined.proration.total_lesson_count,
        target_remaining_lesson_count=joined.proration.remaining_lesson_count,
        target_remaining_hundredths=joined.proration.remaining_hundredths,
        transfer_time=tx.now,
        reason=reason,
    )
    publish(tx, event)
    return joined
