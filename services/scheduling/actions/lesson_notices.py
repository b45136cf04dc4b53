"""What families are told of lessons: what a command changed, once for all of it, and that one is near."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from lianxiao.scheduling.v1.scheduling_events_pb2 import LessonNoticeDue
from services.scheduling.actions import leaves, roll_call_policies
from services.scheduling.models import Course, Lesson, LessonReminder, LessonResource, Room, Teacher
from shared.db import Tx
from shared.events import publish
from shared.tables import stamped

_AT_ONCE = 200
MOST_HOURS = 168


@dataclass(frozen=True, slots=True)
class _Told:
    """A lesson that families should know, when theirs was before, and in which lesson's rows they stand."""

    lesson: Lesson
    old_start: datetime
    rows_of: Lesson


def tell(
    tx: Tx, command_id: UUID, kind: str, before: Mapping[UUID, Mapping[str, Any]], changed: Sequence[Lesson]
) -> None:
    """Let the families of changed lessons know, when any of these still lies ahead; children on trial hear from lead.

    `before` has the facts of the lessons by id, as they were.
    """
    starts = {key: datetime.fromisoformat(facts["start_time"]) for key, facts in before.items()}
    told = _told(kind, changed, starts)
    ahead = [each for each in told if max(each.old_start, each.lesson.start_time) > tx.now]
    if not ahead:
        return
    students = _students(tx, [each.rows_of for each in ahead])
    withdrawn = _withdrawn(tx, starts)
    _note_near(tx, [each.lesson for each in ahead])
    first = ahead[0]
    if students or withdrawn:
        publish(
            tx,
            LessonNoticeDue(
                **_facts(tx, first.lesson),
                notice_id=str(command_id),
                kind=_kind(first),
                lesson_count=len(ahead),
                old_start_time=first.old_start,
                student_ids=[str(each) for each in students],
                withdrawn_notice_ids=[str(each) for each in withdrawn],
            ),
        )


def remind(tx: Tx) -> bool:
    """Tell the families of lessons that are near; True when more wait."""
    policies = roll_call_policies.by_campus(tx)
    row = Lesson
    known = exists().where(LessonReminder.lesson_id == row.id, LessonReminder.start_time == row.start_time)
    waiting = (row.state == "scheduled", row.seats_taken > 0, row.start_time > tx.now, ~known)
    soon = row.start_time <= tx.now + timedelta(hours=MOST_HOURS)
    busy = False
    for campus_id in tx.session.scalars(select(row.campus_id).where(*waiting, soon).distinct()).all():
        hours = policies.get(campus_id, policies[None]).lesson_reminder_hours
        near = (row.campus_id == campus_id, row.start_time <= tx.now + timedelta(hours=hours))
        due = select(row).where(*waiting, *near).order_by(row.start_time, row.id).limit(_AT_ONCE)
        # Nobody moves them meanwhile; those that somebody is moving come next time.
        found = tx.session.scalars(due.with_for_update(skip_locked=True, of=row)).all()
        for lesson in found:
            _remind(tx, lesson)
        busy = busy or len(found) == _AT_ONCE
    return busy


def _remind(tx: Tx, lesson: Lesson) -> None:
    noted = _note(tx, [lesson])
    away = leaves.approved(tx, lesson.id)
    coming = [each for each in _students(tx, [lesson]) if each not in away]
    if noted and coming:
        publish(
            tx,
            LessonNoticeDue(
                **_facts(tx, lesson),
                notice_id=str(noted[0]),
                kind="near",
                lesson_count=1,
                student_ids=[str(each) for each in coming],
            ),
        )


def _told(kind: str, changed: Sequence[Lesson], starts: Mapping[UUID, datetime]) -> list[_Told]:
    if kind == "merged":
        host, guest = changed
        return [_Told(host, starts[guest.id], guest)]
    if kind == "split":
        host, guest = changed
        return [_Told(guest, starts[host.id], guest)]
    return [_Told(each, starts[each.id], each) for each in changed]


def _kind(told: _Told) -> str:
    if told.lesson.state == "cancelled":
        return "cancelled"
    return "changed" if told.old_start == told.lesson.start_time else "moved"


def _students(tx: Tx, lessons: Sequence[Lesson]) -> list[UUID]:
    """Return who is in the lessons, or was when they were cancelled, but children on trial."""
    row = LessonResource
    held = (row.lesson_id.in_([each.id for each in lessons]), row.resource_kind == "student", row.origin != "trial")
    rows = tx.execute(select(row.lesson_id, row.resource_id, row.state).where(*held).order_by(row.id)).all()
    wanted = {each.id: "cancelled" if each.state == "cancelled" else "live" for each in lessons}
    return list(dict.fromkeys(student for lesson, student, state in rows if state == wanted[lesson]))


def _withdrawn(tx: Tx, starts: Mapping[UUID, datetime]) -> list[UUID]:
    """Return the reminders of times that do not hold any more, or not as they were told."""
    row = LessonReminder
    found = tx.execute(select(row.id, row.lesson_id, row.start_time).where(row.lesson_id.in_(list(starts))))
    return [key for key, lesson_id, start in found if start == starts[lesson_id]]


def _note_near(tx: Tx, told: Sequence[Lesson]) -> None:
    """Who hears of a change now is not reminded of the same time at once."""
    policies = roll_call_policies.by_campus(tx)
    near = []
    for lesson in told:
        hours = policies.get(lesson.campus_id, policies[None]).lesson_reminder_hours
        if lesson.state == "scheduled" and tx.now < lesson.start_time <= tx.now + timedelta(hours=hours):
            near.append(lesson)
    if near:
        _note(tx, near)


def _note(tx: Tx, told: Collection[Lesson]) -> list[UUID]:
    rows = [stamped(tx, campus_id=each.campus_id, lesson_id=each.id, start_time=each.start_time) for each in told]
    noted = insert(LessonReminder).values(rows).on_conflict_do_nothing(constraint="uq_lesson_reminder_once")
    return list(tx.execute(noted.returning(LessonReminder.id)).scalars())


def _facts(tx: Tx, lesson: Lesson) -> dict[str, Any]:
    course = tx.session.get_one(Course, (tx.institution_id, lesson.course_id))
    room = tx.session.get(Room, (tx.institution_id, lesson.room_id)) if lesson.room_id else None
    teacher = tx.session.get(Teacher, (tx.institution_id, lesson.teacher_id)) if lesson.teacher_id else None
    return {
        "lesson_id": str(lesson.id),
        "campus_id": str(lesson.campus_id),
        "course_name": course.name,
        "room_name": room.name if room else "",
        "teacher_name": teacher.display_name if teacher else "",
        "start_time": lesson.start_time,
    }
