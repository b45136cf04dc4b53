"""Stages of class groups: forming until their conditions hold, running, finished or cancelled."""

from __future__ import annotations

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupNotReady, ClassGroupStageChanged
from services.scheduling.actions import campuses, class_groups, memberships, overrides, resources
from services.scheduling.models import ClassGroup, Lesson, LessonResource, Membership
from services.scheduling.rules.opening import Conditions, is_to_warn, unmet
from shared.db import Tx
from shared.errors import Refused
from shared.events import publish

_AT_ONCE = 200


def missing(tx: Tx, group: ClassGroup) -> list[str]:
    """Return the conditions of a forming class group that do not hold today at its campus."""
    return unmet(_conditions(group), _today(tx, group)) if group.stage == "forming" else []


def start(tx: Tx, class_group_id: UUID, *, override_reason: str) -> ClassGroup:
    """Let a forming class group run.

    CLASS_GROUP_NOT_READY names what does not hold, unless somebody with class_group.override gives a reason;
    CLASS_GROUP_STAGE_WRONG unless it is forming.
    """
    group = _locked(tx, class_group_id, "forming")
    found = missing(tx, group)
    if found and not override_reason:
        raise Refused("CLASS_GROUP_NOT_READY", "conditions for the opening do not hold", unmet=", ".join(found))
    if found:
        overrides.check_allowed(tx, overrides.OF_CLASS_GROUPS, group.campus_id)
        tx.audit("class_group.override", "class_group", group.id, rules=found, reason=override_reason)
    return _enter(tx, group, "running", override_reason)


def finish(tx: Tx, class_group_id: UUID) -> ClassGroup:
    """End a class group that has no lessons ahead; its members leave.

    CLASS_GROUP_HAS_LESSONS, CLASS_GROUP_STAGE_WRONG.
    """
    return _close(tx, _locked(tx, class_group_id, "running"), "finished", "finished")


def cancel(tx: Tx, class_group_id: UUID, *, reason: str) -> ClassGroup:
    """Give a class group up that has no lessons ahead; refusals as for `finish`."""
    return _close(tx, _locked(tx, class_group_id, "forming", "running"), "cancelled", reason)


def warn(tx: Tx) -> bool:
    """Tell once of each forming class group whose day is near and that is not ready; say whether more may wait."""
    row = ClassGroup
    near = select(row).where(row.stage == "forming", row.open_by_date.is_not(None), row.warn_time.is_(None))
    told = 0
    for group in tx.session.scalars(near.order_by(row.open_by_date).limit(_AT_ONCE)):
        conditions = _conditions(group)
        if is_to_warn(conditions, _today(tx, group)):
            group.warn_time = tx.now
            told += 1
            publish(
                tx,
                ClassGroupNotReady(
                    class_group_id=str(group.id),
                    campus_id=str(group.campus_id),
                    unmet=missing(tx, group),
                    class_group_name=group.name,
                ),
            )
    return told == _AT_ONCE


def _locked(tx: Tx, class_group_id: UUID, *stages: str) -> ClassGroup:
    resources.lock(tx, [class_group_id])
    group = class_groups.get(tx, class_group_id, for_update=True)
    if group.stage not in stages:
        raise Refused("CLASS_GROUP_STAGE_WRONG", "the class group is in another stage", stage=group.stage)
    return group


def _close(tx: Tx, group: ClassGroup, stage: str, reason: str) -> ClassGroup:
    ahead = exists().where(
        LessonResource.resource_id == group.id,
        LessonResource.state == "live",
        LessonResource.start_time > tx.now,
        Lesson.id == LessonResource.lesson_id,
        Lesson.state == "scheduled",
    )
    if tx.scalar(select(ahead)):
        raise Refused("CLASS_GROUP_HAS_LESSONS", "lessons of the class group lie ahead; cancel them first")
    # Nobody is promoted any more when members leave.
    group.state = "closed"
    tx.session.flush()
    members = select(Membership.student_id).where(
        Membership.class_group_id == group.id, Membership.leave_time.is_(None)
    )
    for student_id in tx.session.scalars(members.order_by(Membership.id)).all():
        memberships.leave(tx, group.id, student_id=student_id, reason=reason)
    return _enter(tx, group, stage, reason)


def _enter(tx: Tx, group: ClassGroup, stage: str, reason: str) -> ClassGroup:
    group.stage = stage
    event = ClassGroupStageChanged(
        class_group_id=str(group.id), campus_id=str(group.campus_id), stage=stage, reason=reason
    )
    publish(tx, event)
    return group


def _conditions(group: ClassGroup) -> Conditions:
    return Conditions(
        group.min_members, group.member_count, group.needs_teacher, group.teacher_id is not None, group.open_by_date
    )


def _today(tx: Tx, group: ClassGroup) -> date:
    return tx.now.astimezone(ZoneInfo(campuses.get(tx, group.campus_id).time_zone)).date()
