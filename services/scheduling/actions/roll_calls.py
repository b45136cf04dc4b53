"""Roll calls: the sheet of a lesson, and its confirmation in a few statements however many children are on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select

from services.scheduling.actions import attendances, campuses, expectations, lessons
from services.scheduling.actions.attendances import Book, Mark
from services.scheduling.actions.expectations import Expectations
from services.scheduling.models import Attendance, Lesson, LessonResource, Student, Trial
from services.scheduling.rules.attendance import is_too_early
from shared.db import Tx
from shared.errors import InvalidInput, Refused


@dataclass(frozen=True, slots=True)
class Line:
    """One person who is expected: a student, or a trial's child; `attendance` is None before the first confirmation."""

    student_id: UUID
    display_name: str
    class_group_id: UUID | None
    trial: Trial | None
    attendance: Attendance | None

    @property
    def is_open(self) -> bool:
        """Say whether a confirmed attendance is missing; a trial needs none."""
        return self.trial is None and (self.attendance is None or self.attendance.state != "confirmed")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A lesson, everybody who is expected, and what is known of them."""

    lesson: Lesson
    lines: list[Line]
    known: Expectations


def get(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> Sheet:
    """Return the sheet of a lesson; a teacher with a grant for own rows gets only those of their own lessons."""
    return read(tx, lessons.get_taught(tx, lesson_id, for_update=for_update))


def read(tx: Tx, lesson: Lesson) -> Sheet:
    """Return the sheet of a lesson that the caller may see."""
    return Sheet(lesson, _lines(tx, lesson.id), expectations.load(tx, lesson))


def confirm(tx: Tx, lesson_id: UUID, marks: Mapping[UUID, Mark]) -> Sheet:
    """Confirm the attendance of expected people; each student charges once, a trial only notes who came.

    Refusals: LESSON_CANCELLED, ROLL_CALL_TOO_EARLY, STUDENT_NOT_EXPECTED, ATTENDANCE_CONFIRMED,
    ATTENDANCE_CODE_UNKNOWN.
    """
    sheet = get(tx, lesson_id, for_update=True)
    _check(tx, sheet, marks)
    return confirm_lines(tx, sheet, marks)


def confirm_lines(tx: Tx, sheet: Sheet, marks: Mapping[UUID, Mark]) -> Sheet:
    """Confirm lines of a locked sheet that may be confirmed; ATTENDANCE_CODE_UNKNOWN."""
    by = attendances.book(tx, sheet.lesson, sheet.known)
    marked = [(line, marks[line.student_id]) for line in sheet.lines if line.student_id in marks]
    for line, mark in marked:
        if line.trial is not None:
            _note(line.trial, by, mark)
    present = [(line, mark) for line, mark in marked if line.trial is None]
    attendances.confirm(
        tx,
        sheet.lesson,
        [(line.student_id, line.class_group_id, line.attendance, mark) for line, mark in present],
        by,
    )
    return _settled(tx, sheet)


def _check(tx: Tx, sheet: Sheet, marks: Mapping[UUID, Mark]) -> None:
    lesson = sheet.lesson
    lessons.check_stands(lesson)
    if is_too_early(lesson.start_time, tx.now, campuses.get(tx, lesson.campus_id).time_zone):
        raise Refused("ROLL_CALL_TOO_EARLY", "a roll call begins on the day of the lesson")
    expected = {line.student_id: line for line in sheet.lines}
    for student_id in marks:
        line = expected.get(student_id)
        if line is None:
            raise Refused("STUDENT_NOT_EXPECTED", "the student is not in this lesson", student_id=str(student_id))
        if line.trial is None and not line.is_open:
            raise Refused("ATTENDANCE_CONFIRMED", "the attendance is confirmed already", student_id=str(student_id))


def _note(trial: Trial, by: Book, mark: Mark) -> None:
    code = by.code(mark.code)
    if trial.state == "booked":
        trial.attended = code.counts_as_present


def _settled(tx: Tx, sheet: Sheet) -> Sheet:
    """Read the sheet again, and close the roll call when nobody is missing."""
    tx.session.flush()
    lines = _lines(tx, sheet.lesson.id)
    if not any(line.is_open for line in lines):
        sheet.lesson.roll_call_state = "confirmed"
    return Sheet(sheet.lesson, lines, sheet.known)


def _lines(tx: Tx, lesson_id: UUID) -> list[Line]:
    row = LessonResource
    wanted = (
        select(row, Student, Trial, Attendance)
        .outerjoin(Student, Student.id == row.resource_id)
        .outerjoin(
            Trial,
            and_(Trial.lesson_id == row.lesson_id, Trial.customer_id == row.resource_id, Trial.state != "cancelled"),
        )
        .outerjoin(Attendance, and_(Attendance.lesson_id == row.lesson_id, Attendance.student_id == row.resource_id))
        .where(row.lesson_id == lesson_id, row.resource_kind == "student", row.state == "live")
        .order_by(row.create_time, row.id)
    )
    return [_line(tx, *each) for each in tx.session.execute(wanted)]


def _line(
    tx: Tx, row: LessonResource, student: Student | None, trial: Trial | None, attendance: Attendance | None
) -> Line:
    guest = trial if row.origin == "trial" else None
    name = Student.display_name.reveal(tx, student) if student else None
    if name is None and guest is not None:
        name = Trial.child_name.reveal(tx, guest)
    return Line(row.resource_id, name or "", row.class_group_id, guest, attendance)


def marks_of(entries: Sequence[tuple[UUID, Mark]]) -> dict[UUID, Mark]:
    """Return the marks by student; InvalidInput when somebody is marked twice."""
    marks = dict(entries)
    if len(marks) != len(entries):
        raise InvalidInput("entries", "each student is marked once")
    return marks
