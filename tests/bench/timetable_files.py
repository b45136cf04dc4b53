"""Curriculum-based course timetabling files: `.ctt`, `.ectt`, both also `.gz`, and solutions of them.

Of an extended file the basic formulation (UD2) is read; its sites, double lectures and room constraints are not.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.scheduling.rules.timetabling.problem import (
    Group,
    Meeting,
    Placement,
    Plan,
    Problem,
    Resource,
    ResourceKind,
    Room,
    check_problem,
)

FOLDER = Path(__file__).parents[2] / "../shared/data/timetabling"


class BadFileError(Exception):
    """A file that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class _Course:
    id: str
    teacher: str
    lectures: int
    min_days: int
    students: int


def read_problem(path: Path) -> Problem:
    """Return the problem of a file. Raises BadFileError when it is not one of curriculum-based timetabling."""
    try:
        return _problem(_text(path))
    except (ValueError, IndexError, KeyError, OSError, EOFError) as error:
        raise BadFileError(f"{path.name} is no .ctt or .ectt file: {error!r}") from error


def read_plan(problem: Problem, path: Path) -> Plan:
    """Return the plan of a solution file (course room day period a line). Raises BadFileError when it does not fit."""
    waiting: dict[str, list[int]] = defaultdict(list)
    for index, meeting in reversed(list(enumerate(problem.meetings))):
        waiting[problem.groups[meeting.group].id].append(index)
    rooms = {room.id: index for index, room in enumerate(problem.rooms)}
    placements: list[Placement | None] = [None] * len(problem.meetings)
    try:
        for course, room, day, position in _rows(_text(path).splitlines()):
            start = int(day) * problem.day_periods + int(position)
            placements[waiting[course].pop()] = Placement(start, rooms[room])
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise BadFileError(f"{path.name} is no solution of {problem.name}: {error!r}") from error
    return Plan(tuple(placements))


def problem_files(folder: Path) -> list[Path]:
    """Return the problem files anywhere under a folder, in order of name."""
    names = (".ctt", ".ectt", ".ctt.gz", ".ectt.gz")
    return sorted(path for path in folder.rglob("*") if path.name.endswith(names))


def name_of(path: Path) -> str:
    """Return comp01 for comp01.ectt.gz."""
    return path.name.split(".", maxsplit=1)[0]


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig", errors="replace")


def _rows(lines: Iterable[str]) -> Iterator[list[str]]:
    return (line.split() for line in lines if line.strip())


def _sections(text: str) -> tuple[dict[str, str], dict[str, list[list[str]]]]:
    """Return the header and, by the first word of its title, the rows of each section."""
    header: dict[str, str] = {}
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] | None = None
    for row in _rows(text.splitlines()):
        if row == ["END."]:
            break
        if len(row) == 1 and row[0].endswith(":") and row[0].isupper():
            rows = sections.setdefault(row[0].removesuffix(":").split("_")[0], [])
        elif rows is None:
            header[row[0].removesuffix(":")] = " ".join(row[1:])
        else:
            rows.append(row)
    return header, sections


def _problem(text: str) -> Problem:
    header, sections = _sections(text)
    days, day_periods = int(header["Days"]), int(header["Periods_per_day"])
    courses = [_Course(row[0], row[1], *(int(word) for word in row[2:5])) for row in sections["COURSES"]]
    closed: dict[str, set[int]] = defaultdict(set)
    for course, day, position in sections.get("UNAVAILABILITY", []):
        closed[course].add(int(day) * day_periods + int(position))
    resources, holds = _resources(courses, sections.get("CURRICULA", []))
    starts = range(days * day_periods)
    rooms = tuple(Room(id=row[0], capacity=int(row[1])) for row in sections["ROOMS"])
    meetings = tuple(
        Meeting(
            id=f"{course.id}/{number + 1}",
            group=index,
            starts=tuple(start for start in starts if start not in closed[course.id]),
            rooms=tuple(range(len(rooms))),
            holds=holds[course.id],
            size=course.students,
        )
        for index, course in enumerate(courses)
        for number in range(course.lectures)
    )
    groups = tuple(Group(course.id, course.min_days) for course in courses)
    _check_counts(header, {"Courses": len(courses), "Rooms": len(rooms), "Curricula": len(sections["CURRICULA"])})
    problem = Problem(days, day_periods, groups, meetings, rooms, resources, name=header.get("Name", ""))
    check_problem(problem)
    return problem


def _resources(
    courses: list[_Course], curricula: list[list[str]]
) -> tuple[tuple[Resource, ...], dict[str, tuple[int, ...]]]:
    """Return courses, teachers and curricula as resources, and which of them each course holds."""
    resources: list[Resource] = []
    holds: dict[str, list[int]] = {course.id: [] for course in courses}
    teachers: dict[str, list[str]] = defaultdict(list)
    for course in courses:
        teachers[course.teacher].append(course.id)
    kinds = (
        (ResourceKind.CLASS_GROUP, [(course.id, [course.id]) for course in courses]),
        (ResourceKind.TEACHER, list(teachers.items())),
        (ResourceKind.CURRICULUM, [(row[0], row[2:]) for row in curricula]),
    )
    for kind, holders in kinds:
        for name, members in holders:
            for course_id in dict.fromkeys(members):
                holds[course_id].append(len(resources))
            resources.append(Resource(name, kind))
    return tuple(resources), {course: tuple(held) for course, held in holds.items()}


def _check_counts(header: dict[str, str], counted: dict[str, int]) -> None:
    for name, count in counted.items():
        if int(header[name]) != count:
            raise ValueError(f"{header[name]} {name} are announced, {count} are there")
