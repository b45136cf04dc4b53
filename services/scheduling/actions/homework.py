"""Homework: what students handed in, when, and what teachers made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from lianxiao.scheduling.v1.scheduling_events_pb2 import HomeworkSubmissionChanged
from services.scheduling.actions import lessons, students
from services.scheduling.models import ClassRecord, HomeworkSubmission, HomeworkSubmissionChange, LessonResource
from services.scheduling.rules.homework import Entry, Work, is_late, step
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page

_ROW = HomeworkSubmission
LISTING: Listing[HomeworkSubmission] = Listing(
    _ROW,
    fields={
        "lesson_id": Field(_ROW.lesson_id, sortable=False),
        "campus_id": Field(_ROW.campus_id, sortable=False),
        "course_id": Field(_ROW.course_id, sortable=False),
        "class_group_id": Field(_ROW.class_group_id, sortable=False),
        "teacher_id": Field(_ROW.teacher_id, sortable=False),
        "student_id": Field(_ROW.student_id, sortable=False, aliased=True),
        "state": Field(_ROW.state, prefix="HOMEWORK_STATE_", sortable=False),
        "submit_time": Field(_ROW.submit_time),
        "create_time": Field(_ROW.create_time),
    },
)
CHANGES: Listing[HomeworkSubmissionChange] = Listing(
    HomeworkSubmissionChange,
    fields={"revision": Field(HomeworkSubmissionChange.revision)},
    default_order="revision desc",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One student who has the homework; `submission` is None before anything was recorded."""

    student_id: UUID
    display_name: str
    class_group_id: UUID | None
    submission: HomeworkSubmission | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The homework of a lesson, and everybody who has it."""

    record: ClassRecord
    lines: Sequence[Line]


def get(tx: Tx, lesson_id: UUID) -> Sheet:
    """Return the homework of a lesson that the caller may see; HOMEWORK_NOT_FOUND where none is given."""
    lessons.get_taught(tx, lesson_id)
    wanted = select(ClassRecord).where(
        ClassRecord.lesson_id == lesson_id, ClassRecord.state == "final", ClassRecord.homework != ""
    )
    record = tx.session.scalars(wanted).one_or_none()
    if record is None:
        raise NotFound("homework", lesson_id)
    return Sheet(record, _lines(tx, record))


def record(tx: Tx, lesson_id: UUID, entries: Mapping[UUID, Entry]) -> Sheet:
    """Record how far students are, all or none; what stands as asked for is left alone.

    HOMEWORK_NOT_FOUND, STUDENT_NOT_EXPECTED, HOMEWORK_CHANGED; InvalidInput HOMEWORK_SCORE_INVALID,
    HOMEWORK_TIME_INVALID.
    """
    lessons.get_taught(tx, lesson_id, for_update=True)
    sheet = get(tx, lesson_id)
    lines = {line.student_id: line for line in sheet.lines}
    for student_id, entry in entries.items():
        line = lines.get(student_id)
        if line is None:
            raise Refused("STUDENT_NOT_EXPECTED", "the student is not in this lesson", student_id=str(student_id))
        _apply(tx, sheet.record, line, entry)
    tx.session.flush()
    return get(tx, lesson_id)


def changes_of(tx: Tx, request: ListRequest, submission_id: UUID) -> Page[HomeworkSubmissionChange]:
    """Return one page of what became of a submission, or raise NotFound."""
    row = tx.load(HomeworkSubmission, "homework_submission", submission_id)
    return CHANGES.page(tx, request, [HomeworkSubmissionChange.homework_submission_id == row.id])


def entries_of(entries: Sequence[tuple[UUID, Entry]]) -> dict[UUID, Entry]:
    """Return entries by student; InvalidInput when somebody is named twice."""
    found = dict(entries)
    if len(found) != len(entries):
        raise InvalidInput("entries", "each student is named once")
    return found


def _lines(tx: Tx, record: ClassRecord) -> list[Line]:
    row = LessonResource
    seats = (row.lesson_id == record.lesson_id, row.resource_kind == "student", row.state == "live")
    found = tx.execute(
        select(row.resource_id, row.class_group_id).where(*seats, row.origin != "trial").order_by(row.id)
    ).all()
    of_record = select(HomeworkSubmission).where(HomeworkSubmission.class_record_id == record.id)
    work = {each.student_id: each for each in tx.session.scalars(of_record)}
    names = students.names(tx, [student_id for student_id, _ in found])
    return [
        Line(student_id, names.get(student_id, ""), group_id, work.get(student_id)) for student_id, group_id in found
    ]


def _apply(tx: Tx, record: ClassRecord, line: Line, entry: Entry) -> None:
    row = line.submission
    before = _work(tx, row) if row else Work()
    after = step(before, entry, lesson_start=record.lesson_start_time, now=tx.now)
    if after == before:
        return
    if entry.base_revision != (row.revision if row else 0):
        raise Refused("HOMEWORK_CHANGED", "somebody has changed it meanwhile", student_id=str(line.student_id))
    row = row or HomeworkSubmission(
        id=uuid7(),
        campus_id=record.campus_id,
        class_record_id=record.id,
        lesson_id=record.lesson_id,
        course_id=record.course_id,
        class_group_id=line.class_group_id,
        student_id=line.student_id,
        revision=0,
    )
    row.teacher_id, row.due_time = record.teacher_id, record.homework_due_time
    row.state, row.submit_time, row.first_submit_time = after.state, after.submit_time, after.first_submit_time
    row.attempt_count, row.score, row.score_highest = after.attempt_count, after.score, after.score_highest
    row.revision, row.staff_id = row.revision + 1, tx.caller.subject_id
    HomeworkSubmission.remark.seal(tx, row, after.remark)
    tx.session.add(row)
    tx.session.flush()
    _keep(tx, row, after, record.point_ids)


def _work(tx: Tx, row: HomeworkSubmission) -> Work:
    remark = HomeworkSubmission.remark.reveal(tx, row) or ""
    return Work(
        row.state,
        row.submit_time,
        row.first_submit_time,
        row.attempt_count,
        row.score,
        row.score_highest,
        remark,
    )


def _keep(tx: Tx, row: HomeworkSubmission, work: Work, point_ids: Sequence[UUID]) -> None:
    """Write the history of a submission and tell of it."""
    change = HomeworkSubmissionChange(
        id=uuid7(),
        campus_id=row.campus_id,
        homework_submission_id=row.id,
        revision=row.revision,
        state=row.state,
        submit_time=row.submit_time,
        score=row.score,
        score_highest=row.score_highest,
        staff_id=row.staff_id,
    )
    HomeworkSubmissionChange.remark.seal(tx, change, work.remark)
    tx.session.add(change)
    event = HomeworkSubmissionChanged(
        homework_submission_id=str(row.id),
        lesson_id=str(row.lesson_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        student_id=str(row.student_id),
        state=row.state,
        submit_time=row.submit_time,
        late=is_late(row.first_submit_time, row.due_time),
        revision=row.revision,
        score=row.score,
        score_highest=row.score_highest,
        syllabus_point_ids=[str(each) for each in point_ids],
    )
    publish(tx, event)
