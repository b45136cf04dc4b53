"""Who teaches whom, as scheduling's events tell it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    AttendanceConfirmed,
    ClassGroupCreated,
    ClassGroupJoined,
    ClassGroupLeft,
    LessonScheduled,
)
from services.student.actions import students
from services.student.actions.consents import DEFAULT_ZONE
from services.student.models import Campus, GroupMember, Student, TaughtGroup, TeachingDuty
from shared import aliases
from shared.db import Tx
from shared.errors import NotFound
from shared.ids import as_uuid
from shared.tables import stamped
from shared.wire_values import instant

# So long after the last lesson somebody still writes down what came of it.
_AFTERWARDS = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Learner:
    """A child whom the caller may look at: all ids that stand for it, the file's first, and a campus."""

    ids: tuple[UUID, ...]
    campus_id: UUID


def on_group(tx: Tx, event: ClassGroupCreated) -> None:
    """Note a class group, and who is to teach it."""
    fresh = stamped(
        tx,
        id=as_uuid(event.class_group_id),
        campus_id=as_uuid(event.campus_id),
        course_id=as_uuid(event.course_id),
        name=event.name,
    )
    statement = insert(TaughtGroup).values(fresh)
    tx.execute(statement.on_conflict_do_update(index_elements=["institution_id", "id"], set_={"name": event.name}))
    if event.teacher_id:
        _note_duty(tx, event.campus_id, [event.class_group_id], [event.teacher_id], tx.now)


def on_joined(tx: Tx, event: ClassGroupJoined) -> None:
    """Note a member; the leaving may have been heard of before."""
    _note_member(tx, event, {"join_time": instant(event.join_time)})


def on_left(tx: Tx, event: ClassGroupLeft) -> None:
    """Note that a member left."""
    _note_member(tx, event, {"leave_time": instant(event.leave_time)})


def on_lesson(tx: Tx, event: LessonScheduled) -> None:
    """Note who teaches class groups as long as their lessons reach."""
    if event.teacher_id:
        _note_duty(tx, event.campus_id, event.class_group_ids, [event.teacher_id], instant(event.end_time))


def on_attendance(tx: Tx, event: AttendanceConfirmed) -> None:
    """Note who taught a class group after all, also in somebody's place."""
    if event.class_group_id:
        teachers = [each for each in (event.teacher_id, *event.assistant_ids) if each]
        _note_duty(tx, event.campus_id, [event.class_group_id], teachers, instant(event.lesson_start_time))


def group(tx: Tx, class_group_id: UUID) -> TaughtGroup:
    """Return a class group; to who has a grant for own rows one that they teach. Raises NotFound."""
    row = tx.load(TaughtGroup, "class_group", class_group_id)
    if tx.scope.own:
        mine = (TeachingDuty.class_group_id == class_group_id, *_mine(tx))
        if tx.scalar(select(TeachingDuty.id).where(*mine).limit(1)) is None:
            raise NotFound("class_group", class_group_id)
    return row


def within_reach(tx: Tx, column: ColumnElement[UUID]) -> list[ColumnElement[bool]]:
    """Return the condition for rows of class groups that the caller may look at."""
    return [column.in_(select(TeachingDuty.class_group_id).where(*_mine(tx)))] if tx.scope.own else []


def learner(tx: Tx, student_id: UUID) -> Learner:
    """Return a child whom the caller sees, or with a grant for own rows teaches. Raises NotFound."""
    try:
        row: Student = students.get(tx, student_id)
        return Learner((row.id, *(each for each in aliases.family(tx, row.id) if each != row.id)), row.campus_id)
    except NotFound:
        if not tx.scope.own:
            raise
    ids = aliases.family(tx, student_id)
    taught = select(GroupMember.campus_id).join(
        TeachingDuty,
        (TeachingDuty.institution_id == GroupMember.institution_id)
        & (TeachingDuty.class_group_id == GroupMember.class_group_id),
    )
    lately = or_(GroupMember.leave_time.is_(None), GroupMember.leave_time > tx.now - _AFTERWARDS)
    campus_id = tx.scalar(taught.where(GroupMember.student_id.in_(ids), lately, *_mine(tx)).limit(1))
    if campus_id is None:
        raise NotFound("student", student_id)
    return Learner(tuple(ids), campus_id)


def members_on(tx: Tx, row: TaughtGroup, day: date) -> set[UUID]:
    """Return who was a member of a class group at any time of a day of its campus."""
    start = datetime.combine(day, time(), zone(tx, row.campus_id))
    there = (
        GroupMember.class_group_id == row.id,
        or_(GroupMember.join_time.is_(None), GroupMember.join_time < start + timedelta(days=1)),
        or_(GroupMember.leave_time.is_(None), GroupMember.leave_time >= start),
    )
    return set(tx.execute(select(GroupMember.student_id).where(*there)).scalars())


def zone(tx: Tx, campus_id: UUID) -> ZoneInfo:
    """Return the clock of a campus."""
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    return ZoneInfo(campus.time_zone if campus else DEFAULT_ZONE)


def _mine(tx: Tx) -> tuple[ColumnElement[bool], ...]:
    return (TeachingDuty.teacher_id == tx.caller.subject_id, TeachingDuty.last_time > tx.now - _AFTERWARDS)


def _note_member(tx: Tx, event: ClassGroupJoined | ClassGroupLeft, times: dict[str, datetime]) -> None:
    fresh = stamped(
        tx,
        id=as_uuid(event.membership_id),
        campus_id=as_uuid(event.campus_id),
        class_group_id=as_uuid(event.class_group_id),
        student_id=as_uuid(event.student_id),
        **times,
    )
    statement = insert(GroupMember).values(fresh)
    changes = times | {"update_time": tx.now}
    tx.execute(statement.on_conflict_do_update(index_elements=["institution_id", "id"], set_=changes))


def _note_duty(tx: Tx, campus_id: str, groups: Iterable[str], teachers: Iterable[str], until: datetime) -> None:
    rows = [
        stamped(
            tx,
            campus_id=as_uuid(campus_id),
            class_group_id=as_uuid(group_id),
            teacher_id=as_uuid(teacher_id),
            last_time=until,
        )
        for group_id in sorted(set(groups))
        for teacher_id in sorted(set(teachers))
    ]
    if not rows:
        return
    statement = insert(TeachingDuty).values(rows)
    later = {"last_time": func.greatest(TeachingDuty.last_time, statement.excluded.last_time), "update_time": tx.now}
    tx.execute(
        statement.on_conflict_do_update(
            constraint="uq_teaching_duty_teacher",
            set_=later,
            where=TeachingDuty.last_time < statement.excluded.last_time,
        )
    )
