"""Records of lessons: what was taught, the homework, what teachers say about students."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, update

from lianxiao.scheduling.v1.scheduling_events_pb2 import (
    ClassRecordPublished,
    HomeworkGiven,
    StudentRemarkPublished,
)
from services.scheduling.actions import campuses, courses, lessons, rating_scales, students, syllabi
from services.scheduling.models import (
    ClassRecord,
    ClassRecordChange,
    HomeworkSubmission,
    Lesson,
    LessonResource,
    StudentRemark,
    StudentRemarkChange,
)
from services.scheduling.rules.homework import end_of
from shared import aliases
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.events import publish
from shared.ids import uuid7
from shared.listing import Field, Listing, ListRequest, Page
from shared.wire_values import id_text

LISTING: Listing[ClassRecord] = Listing(
    ClassRecord,
    fields={
        "lesson_id": Field(ClassRecord.lesson_id, sortable=False),
        "campus_id": Field(ClassRecord.campus_id, sortable=False),
        "course_id": Field(ClassRecord.course_id, sortable=False),
        "teacher_id": Field(ClassRecord.teacher_id, sortable=False),
        "state": Field(ClassRecord.state, prefix="CLASS_RECORD_STATE_", sortable=False),
        "lesson_start_time": Field(ClassRecord.lesson_start_time),
    },
    default_order="lesson_start_time desc",
)
OF_STUDENT: Listing[ClassRecord] = Listing(
    ClassRecord,
    fields={
        "lesson_id": Field(ClassRecord.lesson_id, sortable=False),
        "course_id": Field(ClassRecord.course_id, sortable=False),
        "lesson_start_time": Field(ClassRecord.lesson_start_time),
    },
    default_order="lesson_start_time desc",
)
CHANGES: Listing[ClassRecordChange] = Listing(
    ClassRecordChange, fields={"revision": Field(ClassRecordChange.revision)}, default_order="revision desc"
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a record shall say of the lesson."""

    content: str = ""
    point_ids: Sequence[UUID] = ()
    homework: str = ""
    homework_due_time: datetime | None = None
    # Due by the end of this day at the campus; instead of a time.
    homework_due_date: date | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What shall be said about one student; rating 0 is none."""

    remark: str = ""
    rating: int = 0


def get(tx: Tx, lesson_id: UUID, *, for_update: bool = False) -> ClassRecord:
    """Return the record of a lesson that the caller may see, or raise NotFound."""
    lessons.get_taught(tx, lesson_id)
    found = _of_lesson(tx, lesson_id, for_update=for_update)
    if found is None:
        raise NotFound("class_record", lesson_id)
    return found


def of_student(
    tx: Tx, request: ListRequest, student_id: UUID
) -> tuple[Page[ClassRecord], Mapping[UUID, StudentRemark]]:
    """Return one page of the final records of a student's lessons, and what they say about that student alone.

    STUDENT_NOT_FOUND also for a student of another campus.
    """
    students.get(tx, student_id)
    one = aliases.family(tx, student_id)
    row = LessonResource
    attended = (row.resource_id.in_(one), row.resource_kind == "student", row.state == "live", row.origin != "trial")
    where = [ClassRecord.state == "final", ClassRecord.lesson_id.in_(select(row.lesson_id).where(*attended))]
    found = OF_STUDENT.page(tx, request, where)
    about = StudentRemark.class_record_id.in_([each.id for each in found.rows])
    said = tx.session.scalars(select(StudentRemark).where(about, StudentRemark.student_id.in_(one)))
    return found, {each.class_record_id: each for each in said}


def remarks_of(tx: Tx, record_id: UUID) -> Sequence[StudentRemark]:
    """Return what a record says about students."""
    wanted = select(StudentRemark).where(StudentRemark.class_record_id == record_id).order_by(StudentRemark.student_id)
    return tx.session.scalars(wanted).all()


def save(
    tx: Tx, lesson_id: UUID, content: Content, said: Mapping[UUID, Said], *, base_revision: int, final: bool
) -> ClassRecord:
    """Write a draft, and with `final` publish it.

    Refusals: CLASS_RECORD_FINAL, CLASS_RECORD_CHANGED, CLASS_RECORD_EMPTY, CLASS_RECORD_TOO_EARLY, LESSON_CANCELLED,
    STUDENT_NOT_EXPECTED, InvalidInput RATING_OUT_OF_SCALE, SYLLABUS_POINT_UNKNOWN and for homework due too early.
    """
    lesson = lessons.get_taught(tx, lesson_id, for_update=True)
    lessons.check_stands(lesson)
    row = _of_lesson(tx, lesson_id, for_update=True)
    if row is not None and row.state == "final":
        raise Refused("CLASS_RECORD_FINAL", "the record is final; correct it, and say why")
    if final and lesson.start_time > tx.now:
        raise Refused("CLASS_RECORD_TOO_EARLY", "a record is published after the lesson has begun")
    row = _write(tx, lesson, row, content, said, base_revision=base_revision, final=final)
    if final:
        row.state, row.publish_time = "final", tx.now
        tx.session.flush()
        _keep(tx, row, remarks_of(tx, row.id), reason="")
        _tell(tx, lesson, row, corrected=False, homework=bool(row.homework))
    return row


def correct(
    tx: Tx, lesson_id: UUID, content: Content, said: Mapping[UUID, Said], *, base_revision: int, reason: str
) -> ClassRecord:
    """Change a final record and keep what it was; CLASS_RECORD_NOT_FINAL and refusals of `save`."""
    lesson = lessons.get_taught(tx, lesson_id, for_update=True)
    row = get(tx, lesson_id, for_update=True)
    if row.state != "final":
        raise Refused("CLASS_RECORD_NOT_FINAL", "the record is a draft; save it")
    before = (row.homework, row.homework_due_time)
    _write(tx, lesson, row, content, said, base_revision=base_revision, final=True)
    tx.session.flush()
    _keep(tx, row, [each for each in remarks_of(tx, row.id) if each.student_id in said], reason=reason)
    changed = (row.homework, row.homework_due_time) != before
    handed_in = HomeworkSubmission
    due = update(handed_in).where(handed_in.class_record_id == row.id)
    tx.execute(due.values(due_time=row.homework_due_time, update_time=tx.now))
    _tell(tx, lesson, row, corrected=True, homework=changed and bool(row.homework))
    return row


def changes_of(tx: Tx, request: ListRequest, lesson_id: UUID) -> Page[ClassRecordChange]:
    """Return one page of what a record was published as and corrected to."""
    return CHANGES.page(tx, request, [ClassRecordChange.class_record_id == get(tx, lesson_id).id])


def remark_changes(tx: Tx, changes: Sequence[ClassRecordChange]) -> dict[int, list[StudentRemarkChange]]:
    """Return the remarks that changes of one record brought, by revision."""
    found: dict[int, list[StudentRemarkChange]] = {each.revision: [] for each in changes}
    row = StudentRemarkChange
    if changes:
        of_record = (row.class_record_id == changes[0].class_record_id, row.revision.in_(list(found)))
        for each in tx.session.scalars(select(row).where(*of_record).order_by(row.student_id)):
            found[each.revision].append(each)
    return found


def said_of(entries: Sequence[tuple[UUID, Said]]) -> dict[UUID, Said]:
    """Return what is said by student; InvalidInput when somebody is named twice."""
    said = dict(entries)
    if len(said) != len(entries):
        raise InvalidInput("remarks", "each student is named once")
    return said


def _of_lesson(tx: Tx, lesson_id: UUID, *, for_update: bool) -> ClassRecord | None:
    wanted = select(ClassRecord).where(ClassRecord.lesson_id == lesson_id)
    if for_update:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return tx.session.scalars(wanted).one_or_none()


def _write(
    tx: Tx,
    lesson: Lesson,
    row: ClassRecord | None,
    content: Content,
    said: Mapping[UUID, Said],
    *,
    base_revision: int,
    final: bool,
) -> ClassRecord:
    if base_revision != (row.revision if row else 0):
        raise Refused("CLASS_RECORD_CHANGED", "somebody has changed the record meanwhile; look at it again")
    _check(tx, lesson, content, said, final=final)
    highest = rating_scales.check(tx, {key: each.rating for key, each in said.items()})
    row = row or ClassRecord(
        id=uuid7(), campus_id=lesson.campus_id, lesson_id=lesson.id, course_id=lesson.course_id, state="draft"
    )
    row.teacher_id, row.lesson_start_time = lesson.teacher_id, lesson.start_time
    row.revision = base_revision + 1
    row.content, row.homework = content.content.strip(), content.homework.strip()
    row.point_ids = list(dict.fromkeys(content.point_ids))
    row.homework_due_time, row.staff_id = _due(tx, lesson, content), tx.caller.subject_id
    tx.session.add(row)
    tx.session.flush()
    _say(tx, row, said, highest)
    return row


def _check(tx: Tx, lesson: Lesson, content: Content, said: Mapping[UUID, Said], *, final: bool) -> None:
    if final and not content.content.strip() and not content.point_ids:
        raise Refused("CLASS_RECORD_EMPTY", "say what was taught, or which points of the syllabus")
    due = _due(tx, lesson, content)
    if due is not None and (not content.homework.strip() or due <= lesson.start_time):
        raise InvalidInput("homework_due_time", "homework is due after its lesson")
    syllabi.check_points(tx, lesson.course_id, content.point_ids)
    for student_id in set(said) - set(_students(tx, lesson.id)):
        raise Refused("STUDENT_NOT_EXPECTED", "the student is not in this lesson", student_id=str(student_id))


def _due(tx: Tx, lesson: Lesson, content: Content) -> datetime | None:
    """Return when homework is due; InvalidInput when both a day and a time are given."""
    if content.homework_due_date is None:
        return content.homework_due_time
    if content.homework_due_time is not None:
        raise InvalidInput("homework_due_date", "give a day or a time")
    return end_of(content.homework_due_date, campuses.get(tx, lesson.campus_id).time_zone)


def _say(tx: Tx, row: ClassRecord, said: Mapping[UUID, Said], highest: int) -> None:
    """Replace what the record says about the students who are named."""
    known = {each.student_id: each for each in remarks_of(tx, row.id)}
    for student_id, each in said.items():
        remark = known.get(student_id) or StudentRemark(
            id=uuid7(), campus_id=row.campus_id, class_record_id=row.id, student_id=student_id
        )
        remark.rating, remark.rating_highest = each.rating, highest
        StudentRemark.remark.seal(tx, remark, each.remark.strip())
        tx.session.add(remark)
    tx.session.flush()


def _keep(tx: Tx, row: ClassRecord, remarks: Sequence[StudentRemark], *, reason: str) -> None:
    """Write the history of a final record."""
    kept = {"campus_id": row.campus_id, "class_record_id": row.id, "revision": row.revision}
    tx.session.add(
        ClassRecordChange(
            id=uuid7(),
            content=row.content,
            point_ids=row.point_ids,
            homework=row.homework,
            homework_due_time=row.homework_due_time,
            reason=reason,
            staff_id=row.staff_id,
            **kept,
        )
    )
    for each in remarks:
        change = StudentRemarkChange(
            id=uuid7(), student_id=each.student_id, rating=each.rating, rating_highest=each.rating_highest, **kept
        )
        said = StudentRemark.remark.reveal(tx, each)
        StudentRemarkChange.remark.seal(tx, change, said)
        tx.session.add(change)
        publish(tx, _said(row, each, said or ""))
    tx.session.flush()


def _tell(tx: Tx, lesson: Lesson, row: ClassRecord, *, corrected: bool, homework: bool) -> None:
    told = {
        "class_record_id": str(row.id),
        "lesson_id": str(lesson.id),
        "campus_id": str(lesson.campus_id),
        "course_id": str(lesson.course_id),
        "student_ids": [str(each) for each in _students(tx, lesson.id)],
        "course_name": courses.get(tx, lesson.course_id).name,
        "lesson_start_time": lesson.start_time,
    }
    publish(
        tx,
        ClassRecordPublished(
            **told,  # type: ignore[arg-type]
            teacher_id=id_text(row.teacher_id),
            revision=row.revision,
            corrected=corrected,
            gives_homework=bool(row.homework),
        ),
    )
    if homework:
        publish(tx, HomeworkGiven(**told, homework=row.homework, due_time=row.homework_due_time, revision=row.revision))  # type: ignore[arg-type]


def _said(row: ClassRecord, remark: StudentRemark, text: str) -> StudentRemarkPublished:
    return StudentRemarkPublished(
        class_record_id=str(row.id),
        lesson_id=str(row.lesson_id),
        student_id=str(remark.student_id),
        campus_id=str(row.campus_id),
        course_id=str(row.course_id),
        teacher_id=id_text(row.teacher_id),
        lesson_start_time=row.lesson_start_time,
        rating=remark.rating,
        rating_highest=remark.rating_highest,
        remark=text,
        revision=row.revision,
    )


def _students(tx: Tx, lesson_id: UUID) -> list[UUID]:
    """Return the students of a lesson; a trial's child has no record yet."""
    row = LessonResource
    live = (row.lesson_id == lesson_id, row.resource_kind == "student", row.state == "live", row.origin != "trial")
    return list(tx.session.scalars(select(row.resource_id).where(*live).order_by(row.id)))
