"""Syllabi out of pasted lines, and how far somebody is in one."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from shared.errors import InvalidInput

MOST_POINTS = 500
_LONGEST_TITLE = 200
_MOST_LESSONS = 1000
_MOST_HUNDREDTHS = 100_000
# Cells of a spreadsheet are divided by tabs.
_CELLS = 3
_NUMBER = re.compile(r"第?\s*(\d{1,4})\s*[课讲次节]?")
_HOURS = re.compile(r"(\d{1,4}(?:\.\d{1,2})?)\s*(?:课时|小时|h)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A point as it shall be; without an id it is new."""

    title: str
    lesson_number: int = 0
    lesson_hours_hundredths: int = 0
    point_id: UUID | None = None


def read_lines(text: str) -> list[Draft]:
    """Return the points of pasted lines: a title, or lesson number, title and hours divided by tabs.

    Blank lines are passed over. InvalidInput SYLLABUS_LINE_INVALID names the line, counted from 1.
    """
    drafts = [_read_line(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not drafts:
        raise InvalidInput("text", "there is no line in it", "SYLLABUS_LINE_INVALID", line=1)
    if len(drafts) > MOST_POINTS:
        raise InvalidInput("text", f"a syllabus has at most {MOST_POINTS} points", "SYLLABUS_LINE_INVALID", line=501)
    return drafts


def keep_ids(drafts: Sequence[Draft], before: Mapping[str, UUID]) -> list[Draft]:
    """Give drafts the ids of the points of the same title before; of two with one title the first gets it."""
    left = dict(before)
    return [replace(each, point_id=left.pop(each.title, None)) for each in drafts]


def _read_line(number: int, line: str) -> Draft:
    cells = [cell.strip() for cell in line.split("\t")]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) == 1:
        cells = ["", cells[0], ""]
    elif len(cells) == _CELLS - 1:
        cells = [*cells, ""] if not cells[0] or _NUMBER.fullmatch(_plain(cells[0])) else ["", *cells]
    if len(cells) != _CELLS:
        raise _wrong(number, "give a title, or lesson number, title and hours divided by tabs")
    lesson, title, hours = cells
    if not title or len(title) > _LONGEST_TITLE:
        raise _wrong(number, f"a title has 1 to {_LONGEST_TITLE} characters")
    return Draft(title, _lesson_number(number, _plain(lesson)), _hundredths(number, _plain(hours)))


def _plain(cell: str) -> str:
    """Return a figure with plain digits for full-width ones."""
    return unicodedata.normalize("NFKC", cell)


def _lesson_number(line: int, text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if text and (found is None or int(found[1]) > _MOST_LESSONS):
        raise _wrong(line, f"the first cell is the number of a lesson, at most {_MOST_LESSONS}")
    return int(found[1]) if found else 0


def _hundredths(line: int, text: str) -> int:
    found = _HOURS.fullmatch(text)
    hundredths = int(Decimal(found[1]) * 100) if found else 0
    if text and (found is None or hundredths > _MOST_HUNDREDTHS):
        raise _wrong(line, "the last cell is the hours, such as 1.5")
    return hundredths


def _wrong(line: int, text: str) -> InvalidInput:
    return InvalidInput("text", f"line {line}: {text}", "SYLLABUS_LINE_INVALID", line=line)


@dataclass(frozen=True, slots=True)
class Held:
    """A lesson that stands: its time, and the points that its final record names."""

    lesson_id: UUID
    start: datetime
    end: datetime
    point_ids: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a class group is; `covered` names the first lesson of each point."""

    covered: Mapping[UUID, Held]
    planned: frozenset[UUID]
    held: int
    lessons: int
    # None when all is covered, or nothing yet.
    forecast_end: datetime | None
    beyond_timetable: bool

    @property
    def ahead(self) -> int:
        """Return how many points more than planned are covered; below 0 is behind."""
        return len(self.covered) - len(self.planned)


def group_progress(points: Mapping[UUID, int], lessons: Sequence[Held], now: datetime) -> Progress:
    """Return how far a group is: points with the lesson they are planned in, and its lessons by time."""
    over = [each for each in lessons if each.end <= now]
    covered: dict[UUID, Held] = {}
    for lesson in lessons:
        for point_id in lesson.point_ids & points.keys():
            covered.setdefault(point_id, lesson)
    planned = frozenset(point_id for point_id, number in points.items() if 0 < number <= len(over))
    ahead = [each.start for each in lessons if each.end > now]
    missing = len(points) - len(covered)
    if not missing or not covered or not over:
        return Progress(covered, planned, len(over), len(lessons), None, beyond_timetable=False)
    # Points per lesson so far.
    needed = math.ceil(missing * len(over) / len(covered))
    end = ahead[needed - 1] if needed <= len(ahead) else _extrapolated(lessons, needed - len(ahead))
    return Progress(covered, planned, len(over), len(lessons), end, beyond_timetable=needed > len(ahead))


def _extrapolated(lessons: Sequence[Held], more: int) -> datetime:
    """Return when a group has so many lessons more than it has, at the distance between those that it has."""
    first, last = lessons[0].start, lessons[-1].start
    gap = (last - first) / (len(lessons) - 1) if len(lessons) > 1 else timedelta(days=7)
    return last + gap * more


@dataclass(frozen=True, slots=True)
class Attended:
    """A lesson with the points of its final record; `present` is None while the roll call is open."""

    lesson_id: UUID
    point_ids: frozenset[UUID]
    present: bool | None


def student_points(
    point_ids: Sequence[UUID], attended: Sequence[Attended], of_group: Sequence[Held]
) -> dict[UUID, tuple[str, UUID | None]]:
    """Return how a student stands to each point, and the lesson that says so: covered, pending, missed or ahead.

    What the student's own lessons say goes before what was taught to the class group without the student.
    """
    found: dict[UUID, tuple[str, UUID | None]] = dict.fromkeys(point_ids, ("ahead", None))
    for state, taught in (
        ("covered", [(each.lesson_id, each.point_ids) for each in attended if each.present]),
        ("pending", [(each.lesson_id, each.point_ids) for each in attended if each.present is None]),
        ("missed", [(each.lesson_id, each.point_ids) for each in attended if each.present is False]),
        ("missed", [(each.lesson_id, each.point_ids) for each in of_group]),
    ):
        for lesson_id, covered in taught:
            for point_id in covered & found.keys():
                if found[point_id][0] == "ahead":
                    found[point_id] = (state, lesson_id)
    return found
