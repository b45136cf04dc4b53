"""Files of other timetabling programs: what they would bring to a campus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.scheduling.actions import campuses, teachers
from services.scheduling.models import ClassGroup, Room
from services.scheduling.rules.timetabling.fet_files import FetFile, FetFileError, read
from services.scheduling.rules.timetabling.fet_problem import Unsupported, by_kind, unsupported
from services.scheduling.rules.timetabling.fet_usual_rooms import usual_rooms
from shared.db import Tx
from shared.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Entry:
    """A teacher, a room or a class group of a file, and the one of the campus that has this name."""

    name: str
    id: UUID | None
    weekly_lessons: int
    size: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file holds, and the kinds of its constraints that would not be kept."""

    file: FetFile
    teachers: list[Entry]
    rooms: list[Entry]
    class_groups: list[Entry]
    unsupported: tuple[Unsupported, ...]
    # What an import takes over as usual rooms of class groups.
    taken: list[Unsupported]


def preview(tx: Tx, campus_id: UUID, content: bytes) -> Preview:
    """Return what a file would bring to a campus. Refusals: CAMPUS_NOT_FOUND, TIMETABLE_FILE_INVALID."""
    campuses.get(tx, campus_id)
    file = parse(content)
    rooms = tx.session.execute(select(Room.name, Room.id).where(Room.campus_id == campus_id)).all()
    groups = tx.session.execute(select(ClassGroup.name, ClassGroup.id).where(ClassGroup.campus_id == campus_id)).all()
    people = [(each.display_name, each.id) for each in teachers.of_campus(tx, campus_id)]
    taught = Counter(name for each in file.activities for name in each.teachers)
    learnt = Counter(name for each in file.activities for name in each.students)
    return Preview(
        file,
        _entries(taught, people, taught, {}),
        _entries(set(file.rooms) - file.virtual_rooms, [(name, key) for name, key in rooms], {}, file.rooms),
        _entries(learnt, [(name, key) for name, key in groups], learnt, file.student_counts),
        unsupported(file),
        by_kind(usual_rooms(file).constraints),
    )


def parse(content: bytes) -> FetFile:
    """Read a file. Raises InvalidInput TIMETABLE_FILE_INVALID."""
    try:
        return read(content)
    except FetFileError as error:
        raise InvalidInput("content", str(error), "TIMETABLE_FILE_INVALID") from error


def _entries(
    names: Iterable[str], known: list[tuple[str, UUID]], lessons: Mapping[str, int], sizes: Mapping[str, int]
) -> list[Entry]:
    """Return the names in order, each with the only known one of that name, whatever its case."""
    ids: dict[str, list[UUID]] = {}
    for name, key in known:
        ids.setdefault(name.strip().casefold(), []).append(key)
    found = []
    for name in sorted(names):
        same = ids.get(name.casefold(), [])
        found.append(Entry(name, same[0] if len(same) == 1 else None, lessons.get(name, 0), sizes.get(name, 0)))
    return found
