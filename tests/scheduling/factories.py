"""One function per row; they go through the actions and events that make such rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

from lianxiao.lead.v1.lead_events_pb2 import ClosedDatesChanged
from lianxiao.org.v1.org_events_pb2 import CampusChanged, StaffChanged, StaffRole
from lianxiao.student.v1.student_events_pb2 import StudentEnrolled
from services.scheduling.actions import (
    campuses,
    class_groups,
    courses,
    memberships,
    rooms,
    students,
    teachers,
    timetable,
    trials,
)
from services.scheduling.actions.plans import Wish
from services.scheduling.actions.trials import Guest
from services.scheduling.models import Campus, ClassGroup, Course, Lesson, Membership, Room, Teacher, Trial
from shared.db import Tx
from shared.ids import uuid7
from shared.wire_values import date_pb

_numbers = count(1)
# A Monday, 18:00 in Shanghai.
START = datetime(2030, 3, 4, 10, tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def campus(tx: Tx, *, time_zone: str = "Asia/Shanghai", campus_id: UUID | None = None) -> Campus:
    key = campus_id or uuid7()
    event = CampusChanged(campus_id=str(key), name=f"校区{next(_numbers)}", time_zone=time_zone, active=True)
    campuses.project(tx, event)
    return campuses.get(tx, key)


def close(tx: Tx, at: Campus, *days: date) -> None:
    """Hear that nobody is at a campus on these days."""
    dates = [date_pb(day) for day in days]
    campuses.close(tx, ClosedDatesChanged(campus_id=str(at.id), closed_dates=dates))


def teacher(tx: Tx, *at: Campus, teacher_id: UUID | None = None) -> Teacher:
    key = teacher_id or uuid7()
    role = StaffRole(role="teacher", campus_ids=[str(each.id) for each in at])
    event = StaffChanged(staff_id=str(key), display_name=f"教师{next(_numbers)}", active=True, roles=[role])
    teachers.project(tx, event)
    return teachers.get(tx, key)


def student(tx: Tx, at: Campus, *, student_id: UUID | None = None, display_name: str = "王小明") -> UUID:
    key = student_id or uuid7()
    event = StudentEnrolled(student_id=str(key), campus_id=str(at.id), display_name=display_name)
    students.project(tx, event)
    return key


def course(
    tx: Tx,
    *,
    kind: str = "class",
    lesson_minutes: int = 90,
    lesson_hours_hundredths: int = 150,
    name: str = "",
    category: str = "",
    online: bool = False,
) -> Course:
    return courses.create(
        tx,
        name=name or f"数学{next(_numbers)}",
        kind=kind,
        subject="math",
        level="P3",
        lesson_minutes=lesson_minutes,
        lesson_hours_hundredths=lesson_hours_hundredths,
        total_lesson_hours_hundredths=3000,
        category=category,
        online=online,
    )


def room(tx: Tx, at: Campus, *, capacity: int = 20, name: str = "") -> Room:
    return rooms.create(tx, campus_id=at.id, name=name or f"{next(_numbers)}室", capacity=capacity, equipment=["白板"])


def class_group(
    tx: Tx,
    at: Campus,
    *,
    taught: Course | None = None,
    led_by: Teacher | None = None,
    usual_room: Room | None = None,
    capacity: int = 12,
) -> ClassGroup:
    return class_groups.create(
        tx,
        campus_id=at.id,
        course_id=(taught or course(tx)).id,
        name=f"{next(_numbers)}班",
        capacity=capacity,
        teacher_id=led_by.id if led_by else None,
        room_id=usual_room.id if usual_room else None,
    )


def member(tx: Tx, group: ClassGroup, student_id: UUID, *, join_time: datetime | None = None) -> Membership:
    return memberships.join(tx, group.id, student_id=student_id, join_time=join_time).membership


def lesson(
    tx: Tx,
    at: Campus,
    *,
    groups: Sequence[ClassGroup] = (),
    by: Sequence[Teacher] = (),
    in_room: Room | None = None,
    taught: Course | None = None,
    student_ids: Sequence[UUID] = (),
    start: datetime = START,
    minutes: int = 90,
) -> Lesson:
    wish = Wish(
        campus_id=at.id,
        course_id=taught.id if taught else (None if groups else course(tx).id),
        class_group_ids=[group.id for group in groups],
        student_ids=student_ids,
        teacher_ids=[each.id for each in by] or ([] if groups else [teacher(tx).id]),
        room_id=in_room.id if in_room else None,
    )
    return timetable.create(tx, wish, start=start, end=start + timedelta(minutes=minutes))


def guest(*, customer_id: UUID | None = None, child_name: str = "李雷") -> Guest:
    return Guest(lead_id=uuid7(), customer_id=customer_id or uuid7(), child_name=child_name)


def trial(tx: Tx, seat: Lesson, *, by: Guest | None = None) -> Trial:
    return trials.book(tx, by or guest(), lesson_id=seat.id)
