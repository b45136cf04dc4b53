"""What a FET file names, in the words of a campus: rooms, courses, and class groups with their weekly lessons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.scheduling.rules.timetabling.fet_files import Activity, FetFile

LONGEST_NAME, LONGEST_SUBJECT = 100, 50
#: Where the file does not say how many come.
USUAL_SIZE = 20
MOST_LESSONS = 7

#: Who learns, what, in lessons of how many hours of the file.
Key = tuple[tuple[str, ...], str, int]


@dataclass(frozen=True, slots=True)
class Course:
    """A subject in lessons of one length."""

    name: str
    subject: str
    lesson_minutes: int
    # Hours of the file in a lesson.
    hours: int


@dataclass(frozen=True, slots=True)
class ClassGroup:
    """Students sets that learn a subject together; `teacher` is empty unless there is exactly one."""

    key: Key
    name: str
    course: Course
    size: int
    teacher: str
    weekly_lessons: int


def class_groups(file: FetFile, *, hour_minutes: int) -> list[ClassGroup]:
    """Return the class groups of a file, each with lessons of one length, in the order of the file.

    Whoever learns a subject in lessons of several lengths is several class groups; `hour_minutes` is the length of an
    hour of the file.
    """
    found: dict[Key, list[Activity]] = {}
    for each in file.activities:
        found.setdefault(key_of(each), []).append(each)
    names = _Names()
    return [_class_group(file, key, some, hour_minutes, names) for key, some in found.items()]


def key_of(activity: Activity) -> Key:
    """Return what activities of one class group have in common."""
    return activity.students or activity.teachers, activity.subject, activity.duration


class _Names:
    """Names that were given; no two class groups are called the same."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def new(self, name: str) -> str:
        chosen, number = _cut(name, LONGEST_NAME), 1
        while chosen.casefold() in self._given:
            number += 1
            chosen = f"{_cut(name, LONGEST_NAME - 6)} ({number})"
        self._given.add(chosen.casefold())
        return chosen


def _class_group(
    file: FetFile, key: Key, activities: Sequence[Activity], hour_minutes: int, names: _Names
) -> ClassGroup:
    who, subject, duration = key
    minutes = duration * hour_minutes
    teachers = {each.teachers for each in activities}
    only = next(iter(teachers))
    counts = [each.student_count for each in activities if each.student_count is not None and each.student_count > 0]
    size = max(counts, default=0) or sum(file.student_counts.get(name, 0) for name in activities[0].students)
    return ClassGroup(
        key=key,
        name=names.new(" ".join(part for part in ("+".join(who), subject, f"{minutes}′") if part)),
        course=Course(
            _cut(f"{subject} {minutes}′".strip(), LONGEST_NAME), _cut(subject, LONGEST_SUBJECT), minutes, duration
        ),
        size=size or USUAL_SIZE,
        teacher=only[0] if len(teachers) == 1 and len(only) == 1 else "",
        weekly_lessons=len(activities),
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
