"""Files of other timetabling programs taken over: what a campus lacks of rooms, courses and class groups is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import campuses, class_groups, courses, rooms, teachers
from services.scheduling.actions import timetable_files as files
from services.scheduling.models import ClassGroup, Course, Room
from services.scheduling.rules.seats import GREATEST_CAPACITY
from services.scheduling.rules.timetabling import fet_entities as entities
from services.scheduling.rules.timetabling.fet_problem import Unsupported, by_kind
from services.scheduling.rules.timetabling.fet_usual_rooms import UsualRooms, usual_rooms
from shared.db import Tx
from shared.errors import InvalidInput

MOST_CLASS_GROUPS = 1000
_MOST_MINUTES = 720
# A room of which the file does not say how large it is has thirty thousand seats there.
_MOST_SEATS = 1000


@dataclass(slots=True)
class Imported:
    """What came of a file: what was made, and the lessons a week that each of its class groups wants.

    `unknown_teachers` have no counterpart at the campus, their class groups no teacher; `left_out_lessons` are those
    above the most that a run plans for one class group; `taken_constraints` are those that usual rooms say,
    `left_out_constraints` all others of the file.
    """

    room_ids: list[UUID] = field(default_factory=list)
    course_ids: list[UUID] = field(default_factory=list)
    class_group_ids: list[UUID] = field(default_factory=list)
    demands: dict[UUID, int] = field(default_factory=dict)
    unknown_teachers: list[str] = field(default_factory=list)
    left_out_lessons: int = 0
    taken_constraints: list[Unsupported] = field(default_factory=list)
    left_out_constraints: list[Unsupported] = field(default_factory=list)


def take_over(tx: Tx, campus_id: UUID, content: bytes, *, hour_minutes: int) -> Imported:
    """Make what a campus lacks of a file, by names, so that a second time makes nothing; all or nothing.

    Refusals: CAMPUS_NOT_FOUND, TIMETABLE_FILE_INVALID, those of making rooms, courses and class groups.
    """
    campuses.get(tx, campus_id)
    file = files.parse(content)
    wanted = entities.class_groups(file, hour_minutes=hour_minutes)
    if len(wanted) > MOST_CLASS_GROUPS or any(not each.course.subject for each in wanted):
        raise _invalid(f"a file has at most {MOST_CLASS_GROUPS} class groups, and each activity a subject")
    if any(each.course.lesson_minutes > _MOST_MINUTES for each in wanted):
        raise _invalid(f"a lesson would be longer than {_MOST_MINUTES} minutes")
    found = Imported()
    sizes = {name: file.rooms[name] for name in file.rooms if name not in file.virtual_rooms}
    known = _Known(_courses(tx, wanted, found), _rooms(tx, campus_id, sizes, found), usual_rooms(file))
    _class_groups(tx, campus_id, wanted, known, found)
    found.taken_constraints = by_kind(known.usual.constraints)
    taken = set(map(id, known.usual.constraints))
    found.left_out_constraints = by_kind(each for each in file.constraints if id(each) not in taken)
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What class groups refer to: courses and rooms by name, and which room each is usually in."""

    courses: dict[str, UUID]
    rooms: dict[str, UUID]
    usual: UsualRooms

    def room_of(self, group: entities.ClassGroup) -> UUID | None:
        return self.rooms.get(self.usual.rooms.get(group.key, "").casefold())


def _rooms(tx: Tx, campus_id: UUID, sizes: dict[str, int], found: Imported) -> dict[str, UUID]:
    """Return the rooms of a campus by name, and make those of a file that are not there."""
    present = _by_name(tx.execute(select(Room.name, Room.id).where(Room.campus_id == campus_id)))
    for name, size in sizes.items():
        if name and name.casefold() not in present:
            capacity = max(1, min(size, _MOST_SEATS))
            room = rooms.create(tx, campus_id=campus_id, name=name, capacity=capacity, equipment=[])
            found.room_ids.append(room.id)
            present[name.casefold()] = room.id
    return present


def _courses(tx: Tx, wanted: Iterable[entities.ClassGroup], found: Imported) -> dict[str, UUID]:
    """Return the courses of a file by name, and make those that are not there."""
    present = _by_name(tx.execute(select(Course.name, Course.id)))
    for course in dict.fromkeys(each.course for each in wanted):
        if course.name.casefold() not in present:
            made = courses.create(
                tx,
                name=course.name,
                kind="class",
                subject=course.subject,
                level="",
                lesson_minutes=course.lesson_minutes,
                lesson_hours_hundredths=course.hours * 100,
                total_lesson_hours_hundredths=0,
            )
            found.course_ids.append(made.id)
            present[course.name.casefold()] = made.id
    return present


def _class_groups(
    tx: Tx, campus_id: UUID, wanted: Iterable[entities.ClassGroup], known: _Known, found: Imported
) -> None:
    present = _by_name(tx.execute(select(ClassGroup.name, ClassGroup.id).where(ClassGroup.campus_id == campus_id)))
    people: dict[str, list[UUID]] = {}
    for teacher in teachers.of_campus(tx, campus_id):
        people.setdefault(teacher.display_name.strip().casefold(), []).append(teacher.id)
    unknown = set()
    for each in wanted:
        same = people.get(each.teacher.casefold(), [])
        if each.teacher and len(same) != 1:
            unknown.add(each.teacher)
        if each.name.casefold() not in present:
            group = class_groups.create(
                tx,
                campus_id=campus_id,
                course_id=known.courses[each.course.name.casefold()],
                name=each.name,
                capacity=min(each.size, GREATEST_CAPACITY),
                teacher_id=same[0] if len(same) == 1 else None,
                room_id=known.room_of(each),
            )
            found.class_group_ids.append(group.id)
            present[each.name.casefold()] = group.id
        found.demands[present[each.name.casefold()]] = min(each.weekly_lessons, entities.MOST_LESSONS)
        found.left_out_lessons += max(0, each.weekly_lessons - entities.MOST_LESSONS)
    found.unknown_teachers = sorted(unknown)


def _by_name(rows: Iterable[tuple[str, UUID]]) -> dict[str, UUID]:
    return {name.strip().casefold(): key for name, key in rows}


def _invalid(text: str) -> InvalidInput:
    return InvalidInput("content", text, "TIMETABLE_FILE_INVALID")
