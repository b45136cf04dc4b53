"""Who was in an online lesson, as meeting providers say; provisional until the roll call confirms it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import lessons, online_rules, teacher_attendances
from services.scheduling.models import DeviceEvent, Lesson, LessonResource
from services.scheduling.rules import device_events
from services.scheduling.rules.presence import OnlineLesson, Step, fold
from services.scheduling.rules.sign_ins import OPENS_BEFORE
from shared.db import Tx

# People stay on after a lesson; what they do on another day has nothing to do with it.
_STAYS = timedelta(hours=6)


def heard(tx: Tx, campus_id: UUID, step: device_events.Step) -> bool:
    """Say whether a step belongs to somebody of a lesson of the campus; a teacher who joins has clocked in."""
    lesson = tx.session.get(Lesson, (tx.institution_id, step.lesson_id))
    if lesson is None or lesson.campus_id != campus_id or lesson.state != "scheduled":
        return False
    if not lesson.start_time - OPENS_BEFORE <= step.time <= lesson.end_time + _STAYS:
        return False
    if step.person_id in lesson.teacher_ids:
        if step.kind == "join" and step.time < lesson.end_time:
            teacher_attendances.came_online(tx, lesson, step.person_id, step.time)
        return True
    row = LessonResource
    seat = (row.lesson_id == lesson.id, row.resource_kind == "student", row.resource_id == step.person_id)
    return tx.scalar(select(row.id).where(*seat, row.state == "live")) is not None


def get(tx: Tx, lesson_id: UUID) -> tuple[Lesson, OnlineLesson | None]:
    """Return a lesson, with a grant for own rows one of the caller's, and who was in it; None when nobody told."""
    lesson = lessons.get_taught(tx, lesson_id)
    return lesson, of(tx, lesson)


def of(tx: Tx, lesson: Lesson) -> OnlineLesson | None:
    """Return who was in a lesson until now; None when no meeting provider has told of it."""
    row = DeviceEvent
    wanted = select(row.person_id, row.event_time, row.connection_id, row.step).where(row.lesson_id == lesson.id)
    steps: dict[UUID, list[Step]] = defaultdict(list)
    for person_id, moment, connection_id, step in tx.execute(wanted):
        steps[person_id].append(Step(moment, connection_id, step == "join"))
    if not steps:
        return None
    start, end = lesson.start_time, lesson.end_time
    people = {person_id: fold(each, start, end, tx.now) for person_id, each in sorted(steps.items())}
    return OnlineLesson(start, end, tx.now, online_rules.of(tx, lesson.campus_id), people)
