"""What there is to know, what was scored, and what scheduling tells of groups, homework and remarks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class KnowledgeMap(Row, Base):
    """The version of what there is to know in a subject."""

    __tablename__ = "knowledge_map"

    subject: Mapped[str]
    version: Mapped[int]
    staff_id: Mapped[UUID]


class KnowledgePoint(Row, Base):
    """One thing to be known; codes refer to points of the same subject. `position` is its place in the map."""

    __tablename__ = "knowledge_point"

    subject: Mapped[str]
    code: Mapped[str]
    title: Mapped[str]
    parent_code: Mapped[str]
    prerequisite_codes: Mapped[list[str]]
    syllabus_point_ids: Mapped[list[UUID]]
    position: Mapped[int]
    active: Mapped[bool]


class TaughtGroup(CampusRow, Base):
    """A class group, from scheduling's events; its id is the group's."""

    __tablename__ = "taught_group"

    course_id: Mapped[UUID]
    name: Mapped[str]


class GroupMember(CampusRow, Base):
    """A student's time in a class group, from scheduling's events; its id is the membership's."""

    __tablename__ = "group_member"

    class_group_id: Mapped[UUID]
    student_id: Mapped[UUID]
    # None: the leaving was heard of first.
    join_time: Mapped[datetime | None]
    leave_time: Mapped[datetime | None]


class TeachingDuty(CampusRow, Base):
    """That somebody teaches a class group, and until when as far as is known."""

    __tablename__ = "teaching_duty"

    class_group_id: Mapped[UUID]
    teacher_id: Mapped[UUID]
    last_time: Mapped[datetime]


class Exam(CampusRow, Base):
    """An exam of a class group; `parts` holds [knowledge point id, hundredths of a point] pairs."""

    __tablename__ = "exam"

    class_group_id: Mapped[UUID]
    subject: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    exam_date: Mapped[date]
    full_hundredths: Mapped[int]
    parts: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[str]
    staff_id: Mapped[UUID]


class ExamScore(CampusRow, Base):
    """What a student scored, in hundredths of a point; None for who was not there."""

    __tablename__ = "exam_score"

    exam_id: Mapped[UUID]
    student_id: Mapped[UUID]
    score_hundredths: Mapped[int | None]
    part_hundredths: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    revision: Mapped[int]
    staff_id: Mapped[UUID]


class ExamScoreChange(CampusRow, Base):
    """What a score was set to; never edited."""

    __tablename__ = "exam_score_change"

    exam_score_id: Mapped[UUID]
    revision: Mapped[int]
    score_hundredths: Mapped[int | None]
    part_hundredths: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    staff_id: Mapped[UUID]


class LessonHomework(CampusRow, Base):
    """The newest word on the homework of a lesson, from scheduling's events; its id is the lesson's."""

    __tablename__ = "lesson_homework"

    revision: Mapped[int]


class HomeworkWork(CampusRow, Base):
    """One student's homework of one lesson, from scheduling's events, in whichever order they come.

    `given_revision` 0: not heard of being given yet. `withdrawn`: taken back, or not for this student any more.
    """

    __tablename__ = "homework_work"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    given_revision: Mapped[int]
    withdrawn: Mapped[bool]
    lesson_start_time: Mapped[datetime | None]
    due_time: Mapped[datetime | None]
    state: Mapped[str]
    late: Mapped[bool]
    work_revision: Mapped[int]
    submit_time: Mapped[datetime | None]
    score: Mapped[int]
    score_highest: Mapped[int]
    syllabus_point_ids: Mapped[list[UUID]]


class ClassRemark(CampusRow, Base):
    """What the record of a lesson says of a student, from scheduling's events; `revision` is the record's."""

    __tablename__ = "class_remark"

    lesson_id: Mapped[UUID]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    lesson_start_time: Mapped[datetime]
    rating: Mapped[int]
    rating_highest: Mapped[int]
    revision: Mapped[int]
    remark_sealed: Mapped[bytes | None]

    remark = Sealed("remark_sealed", of=("student_id",))


class LearningPreference(CampusRow, Base):
    """What suits a child and its family; its id is the student's."""

    __tablename__ = "learning_preference"

    channels: Mapped[list[str]]
    weak_codes: Mapped[list[str]]
    payment: Mapped[str]
    staff_id: Mapped[UUID]
    note_sealed: Mapped[bytes | None]

    note = Sealed("note_sealed")
