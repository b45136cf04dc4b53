"""Who and what a lesson needs, loaded and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.scheduling.actions import campuses, class_groups, courses, regulations, rooms, teachers
from services.scheduling.models import Campus, ClassGroup, Course, Room, Teacher
from services.scheduling.rules.regulations import Limits
from services.scheduling.rules.seats import seat_limit
from shared.db import Tx
from shared.errors import InvalidInput, Refused


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for; empty parts are taken from the first class group."""

    campus_id: UUID
    course_id: UUID | None = None
    class_group_ids: Sequence[UUID] = ()
    student_ids: Sequence[UUID] = ()
    teacher_ids: Sequence[UUID] = ()
    room_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A wish with its rows; the main teacher comes first."""

    campus: Campus
    course: Course
    groups: list[ClassGroup]
    student_ids: list[UUID]
    teachers: list[Teacher]
    room: Room | None
    limits: Limits

    @property
    def group_ids(self) -> list[UUID]:
        """Class groups, as asked for."""
        return [group.id for group in self.groups]

    @property
    def staff_and_room_ids(self) -> list[UUID]:
        """Teachers and the room."""
        return [teacher.id for teacher in self.teachers] + ([self.room.id] if self.room else [])

    def seat_limit(self, student_count: int) -> int:
        """Seats of a lesson of this plan that has so many students."""
        capacity = self.room.capacity if self.room else None
        groups = [group.capacity for group in self.groups]
        return seat_limit(room_capacity=capacity, group_capacities=groups, student_count=student_count)


def resolve(tx: Tx, wish: Wish) -> Plan:
    """Load what a wish names. Lock its class groups first where the answer will be acted on."""
    campus = campuses.get(tx, wish.campus_id)
    groups = class_groups.in_order(tx, wish.class_group_ids)
    for group in groups:
        if group.campus_id != campus.id:
            raise InvalidInput("plan.class_group_ids", "a lesson takes place at the campus of its class groups")
    first = groups[0] if groups else None
    course_id = wish.course_id or (first.course_id if first else None)
    if course_id is None:
        raise InvalidInput("plan.course_id", "name a course or a class group")
    teacher_ids = wish.teacher_ids or ([first.teacher_id] if first and first.teacher_id else [])
    room_id = wish.room_id or (first.room_id if first else None)
    room = rooms.get(tx, room_id) if room_id else None
    if room is not None and room.campus_id != campus.id:
        raise InvalidInput("plan.room_id", "the room is at another campus")
    if not groups and not teacher_ids:
        raise InvalidInput("plan.teacher_ids", "a lesson needs a teacher or a class group")
    course = courses.get(tx, course_id)
    staff = teachers.in_order(tx, teacher_ids)
    limits = regulations.limits(tx, campus, course)
    return Plan(campus, course, groups, list(wish.student_ids), staff, room, limits)


def check_active(plan: Plan) -> None:
    """Refuse to plan with what is out of use."""
    parts: list[tuple[str, Course | Room | Teacher]] = [("COURSE", plan.course)]
    parts += [("TEACHER", teacher) for teacher in plan.teachers]
    parts += [("ROOM", plan.room)] if plan.room else []
    for kind, part in parts:
        if not part.active:
            raise Refused(f"{kind}_INACTIVE", f"the {kind.lower()} is out of use", id=str(part.id))
