"""Timetables for calendar programs: an address with a secret, and what it shows."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import class_groups, rooms, students, teachers
from services.scheduling.actions.resources import CLASS_GROUP, ROOM, STUDENT, TEACHER
from services.scheduling.models import CalendarFeed, Campus, ClassGroup, Course, Lesson, LessonResource, Room, Teacher
from services.scheduling.rules import icalendar
from services.scheduling.rules.icalendar import Entry
from shared.db import Tx
from shared.errors import NotFound
from shared.ids import uuid7
from shared.listing import Field, Listing

LISTING: Listing[CalendarFeed] = Listing(
    CalendarFeed,
    fields={
        "resource_id": Field(CalendarFeed.resource_id, sortable=False),
        "campus_id": Field(CalendarFeed.campus_id, sortable=False),
        "create_time": Field(CalendarFeed.create_time),
    },
)
_BACK, _AHEAD = timedelta(days=31), timedelta(days=366)
# More than one can teach: a room that is never empty has some 12 lessons a day.
_MOST = 5000


def create(tx: Tx, *, kind: str, resource_id: UUID) -> tuple[CalendarFeed, str]:
    """Return a feed and its token, which is not kept.

    Raises TEACHER_NOT_FOUND, ROOM_NOT_FOUND, CLASS_GROUP_NOT_FOUND, STUDENT_NOT_FOUND.
    """
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(
        id=uuid7(),
        campus_id=_campus(tx, kind, resource_id),
        campus_ids=None if tx.scope.own or tx.scope.campuses is None else sorted(tx.scope.campuses),
        resource_kind=kind,
        resource_id=resource_id,
        token_hash=_hash(token),
        staff_id=tx.caller.subject_id,
        revoke_time=None,
    )
    tx.session.add(feed)
    tx.session.flush()
    return feed, token


def revoke(tx: Tx, feed_id: UUID) -> CalendarFeed:
    """Make an address useless. Raises CALENDAR_FEED_NOT_FOUND."""
    feed = tx.load(CalendarFeed, "calendar_feed", feed_id, for_update=True)
    if tx.scope.own and feed.staff_id != tx.caller.subject_id:
        raise NotFound("calendar_feed", feed_id)
    feed.revoke_time = feed.revoke_time or tx.now
    tx.session.flush()
    return feed


def visible(tx: Tx) -> list[Any]:
    """Return the conditions of the feeds that the caller lists: with a grant for own rows, those that they made."""
    return [CalendarFeed.staff_id == tx.caller.subject_id] if tx.scope.own else []


def download(tx: Tx, institution_id: UUID, token: str) -> bytes:
    """Return the calendar of whoever the token is for. Raises CALENDAR_FEED_NOT_FOUND."""
    tx.enter(institution_id)
    mine = (CalendarFeed.institution_id == institution_id, CalendarFeed.token_hash == _hash(token))
    feed = tx.session.scalars(select(CalendarFeed).where(*mine, CalendarFeed.revoke_time.is_(None))).one_or_none()
    if feed is None:
        raise NotFound("calendar_feed", "")
    return icalendar.write(_name(tx, feed), _entries(tx, _lessons(tx, feed)))


def _campus(tx: Tx, kind: str, resource_id: UUID) -> UUID | None:
    """Return the campus of a resource that the caller may show to others."""
    if tx.scope.own and (kind != TEACHER or resource_id != tx.caller.subject_id):
        raise NotFound(kind, resource_id)
    if kind == ROOM:
        return rooms.get(tx, resource_id).campus_id
    if kind == CLASS_GROUP:
        return class_groups.get(tx, resource_id).campus_id
    if kind == STUDENT:
        return students.get(tx, resource_id).campus_id
    teachers.get(tx, resource_id)
    return None


def _hash(token: str) -> bytes:
    # A token of 256 bits needs no salt and no slow hash.
    return hashlib.sha256(token.encode()).digest()


def _name(tx: Tx, feed: CalendarFeed) -> str:
    """Return what the calendar is called; a student is not named to whoever finds the address."""
    if feed.resource_kind == STUDENT:
        return "课表"
    kinds: dict[str, type[Room | ClassGroup | Teacher]] = {ROOM: Room, CLASS_GROUP: ClassGroup, TEACHER: Teacher}
    row = tx.load(kinds[feed.resource_kind], feed.resource_kind, feed.resource_id)
    return f"课表 {row.display_name if isinstance(row, Teacher) else row.name}"


def _lessons(tx: Tx, feed: CalendarFeed) -> Sequence[Lesson]:
    held = LessonResource
    within = (held.start_time > tx.now - _BACK, held.start_time < tx.now + _AHEAD)
    ids = select(held.lesson_id).where(held.resource_id == feed.resource_id, held.state != "released", *within)
    wanted = select(Lesson).where(Lesson.id.in_(ids)).order_by(Lesson.start_time, Lesson.id).limit(_MOST)
    if feed.campus_ids is not None:
        wanted = wanted.where(Lesson.campus_id.in_(feed.campus_ids))
    return tx.session.scalars(wanted).all()


def _entries(tx: Tx, lessons: Sequence[Lesson]) -> list[Entry]:
    courses = _names(tx, Course, {lesson.course_id for lesson in lessons})
    groups = _names(tx, ClassGroup, {key for lesson in lessons for key in lesson.class_group_ids})
    rooms_ = _names(tx, Room, {lesson.room_id for lesson in lessons if lesson.room_id is not None})
    campuses = _names(tx, Campus, {lesson.campus_id for lesson in lessons})
    people = _names(tx, Teacher, {key for lesson in lessons for key in lesson.teacher_ids})

    def called(names: dict[UUID, str], keys: Collection[UUID]) -> str:
        return "、".join(names[key] for key in keys if key in names)

    return [
        Entry(
            key=str(lesson.id),
            title=" · ".join(filter(None, (courses.get(lesson.course_id), called(groups, lesson.class_group_ids)))),
            place=" ".join(filter(None, (campuses.get(lesson.campus_id), rooms_.get(lesson.room_id or lesson.id)))),
            teachers=called(people, lesson.teacher_ids),
            start=lesson.start_time,
            end=lesson.end_time,
            changed=lesson.update_time,
            cancelled=lesson.state == "cancelled",
        )
        for lesson in lessons
    ]


def _names(tx: Tx, model: type[Any], keys: Collection[UUID]) -> dict[UUID, str]:
    name = model.display_name if model is Teacher else model.name
    found = tx.session.execute(select(model.id, name).where(model.id.in_(keys)))
    return {row[0]: row[1] for row in found}
