"""Class groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import ClassGroupCreated
from services.scheduling.actions import campuses, courses, overrides, resources, rooms, teachers, waiting_lists
from services.scheduling.models import ClassGroup, Course
from services.scheduling.rules.opening import AT_ONCE, Opening, check_opening
from services.scheduling.rules.seats import check_capacity
from shared.db import Tx
from shared.errors import AlreadyExists, DomainError, InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing
from shared.wire_values import id_text

LISTING: Listing[ClassGroup] = Listing(
    ClassGroup,
    fields={
        "campus_id": Field(ClassGroup.campus_id),
        "course_id": Field(ClassGroup.course_id),
        "teacher_id": Field(ClassGroup.teacher_id, sortable=False),
        "name": Field(ClassGroup.name),
        "state": Field(ClassGroup.state, prefix="CLASS_GROUP_STATE_"),
        "stage": Field(ClassGroup.stage, prefix="CLASS_GROUP_STAGE_", sortable=False),
        "create_time": Field(ClassGroup.create_time),
    },
    default_order="name",
)

OFFER_HOURS = 48
# Gives the coming lessons of a class group the seats that groups and room allow now.
_RESEAT = """
update lesson l set update_time = %(now)s, seat_limit = least(
    (select sum(g.capacity) from class_group g where g.id = any (l.class_group_ids)),
    (select greatest(r.capacity, l.seats_taken) from room r where r.id = l.room_id))
where l.state = 'scheduled' and l.roll_call_state = 'open' and l.start_time > %(now)s and l.id in (
    select lesson_id from lesson_resource where resource_id = %(group)s and state = 'live' and start_time > %(now)s)"""


def get(tx: Tx, class_group_id: UUID, *, for_update: bool = False) -> ClassGroup:
    """Return a class group within the caller's scope, or raise NotFound."""
    return tx.load(ClassGroup, "class_group", class_group_id, for_update=for_update, share_key=True)


def in_order(tx: Tx, class_group_ids: Sequence[UUID]) -> list[ClassGroup]:
    """Return class groups in the order of their ids; NotFound for the first that is not there."""
    if not class_group_ids:
        return []
    wanted = select(ClassGroup).where(ClassGroup.id.in_(class_group_ids))
    found = {group.id: group for group in tx.session.scalars(wanted)}
    for class_group_id in class_group_ids:
        if class_group_id not in found:
            raise NotFound("class_group", class_group_id)
    return [found[class_group_id] for class_group_id in class_group_ids]


def create(
    tx: Tx,
    *,
    campus_id: UUID,
    course_id: UUID,
    name: str,
    capacity: int,
    teacher_id: UUID | None = None,
    room_id: UUID | None = None,
    opening: Opening = AT_ONCE,
    override_reason: str = "",
) -> ClassGroup:
    """Make a class group, which is forming while it has conditions for its opening.

    CLASS_GROUP_NAME_TAKEN when the campus has one of that name, COURSE_INACTIVE, TEACHER_INACTIVE;
    TEACHER_LEVEL_TOO_LOW unless somebody with class_group.override gives a reason.
    """
    campuses.get(tx, campus_id)
    course = courses.get(tx, course_id)
    if not course.active:
        raise Refused("COURSE_INACTIVE", "the course is out of use", id=str(course_id))
    _check_room(tx, campus_id, room_id)
    _check_teacher(tx, campus_id, course, teacher_id, override_reason)
    group = ClassGroup(
        id=uuid7(),
        campus_id=campus_id,
        course_id=course_id,
        name=name,
        teacher_id=teacher_id,
        room_id=room_id,
        capacity=capacity,
        member_count=0,
        state="open",
        stage="running" if opening == AT_ONCE else "forming",
        held_count=0,
        offer_hours=OFFER_HOURS,
        min_members=opening.min_members,
        open_by_date=opening.open_by_date,
        needs_teacher=opening.needs_teacher,
    )
    with tx.translating(_taken(name)):
        tx.session.add(group)
    publish(tx, _created(group))
    return group


def update(tx: Tx, class_group_id: UUID, changes: Mapping[str, Any], *, override_reason: str = "") -> ClassGroup:
    """Change columns of a class group; a new capacity reaches the coming lessons at once.

    CLASS_GROUP_CAPACITY_TOO_SMALL when more places are taken, LESSON_FULL when trials fill a coming lesson beyond it.
    """
    resources.lock(tx, [class_group_id])
    group = get(tx, class_group_id, for_update=True)
    check_capacity(changes.get("capacity", group.capacity), member_count=group.member_count + group.held_count)
    check_opening(changes)
    _check_room(tx, group.campus_id, changes.get("room_id"))
    if changes.get("teacher_id") != group.teacher_id:
        course = courses.get(tx, group.course_id)
        _check_teacher(tx, group.campus_id, course, changes.get("teacher_id"), override_reason)
    with tx.translating(_taken(changes.get("name", group.name))):
        for column, value in changes.items():
            setattr(group, column, value)
    if "capacity" in changes:
        full = Refused("LESSON_FULL", "a coming lesson has more students and trials than that")
        with tx.translating({"ck_lesson_seats": lambda: full}):
            tx.run(_RESEAT, {"group": str(class_group_id), "now": tx.now})
    waiting_lists.promote(tx, group)
    return group


def _created(group: ClassGroup) -> ClassGroupCreated:
    return ClassGroupCreated(
        class_group_id=str(group.id),
        course_id=str(group.course_id),
        campus_id=str(group.campus_id),
        name=group.name,
        capacity=group.capacity,
        teacher_id=id_text(group.teacher_id),
    )


def announce(tx: Tx, group: ClassGroup) -> None:
    """Tell of a class group as it stands to who began to listen later."""
    publish(tx, _created(group))


def _check_teacher(tx: Tx, campus_id: UUID, course: Course, teacher_id: UUID | None, override_reason: str) -> None:
    if teacher_id is None:
        return
    teacher = teachers.get(tx, teacher_id)
    if not teacher.active:
        raise Refused("TEACHER_INACTIVE", "the teacher is out of use", id=str(teacher_id))
    if not teachers.is_level_too_low(teacher, course):
        return
    if not override_reason.strip():
        limit = str(course.required_teacher_level)
        raise Refused("TEACHER_LEVEL_TOO_LOW", "the course asks for a higher level", limit=limit)
    overrides.check_allowed(tx, overrides.OF_CLASS_GROUPS, campus_id)
    reason = override_reason.strip()
    tx.audit("class_group.override", "teacher", teacher_id, rules=["TEACHER_LEVEL_TOO_LOW"], reason=reason)


def _check_room(tx: Tx, campus_id: UUID, room_id: UUID | None) -> None:
    if room_id is not None and rooms.get(tx, room_id).campus_id != campus_id:
        raise InvalidInput("room_id", "the room is at another campus")


def _taken(name: str) -> dict[str, Callable[[], DomainError]]:
    def refuse() -> DomainError:
        return AlreadyExists("CLASS_GROUP_NAME_TAKEN", "the campus has a class group of that name", name=name)

    return {"uq_class_group_name": refuse}
