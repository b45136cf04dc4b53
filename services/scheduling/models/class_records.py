"""What happened in lessons, and what teachers say about students."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class ClassRecord(CampusRow, Base):
    """The record of a lesson as it stands; `class_record_change` has what it was since it became final."""

    __tablename__ = "class_record"

    lesson_id: Mapped[UUID]
    course_id: Mapped[UUID]
    # The main teacher of the lesson.
    teacher_id: Mapped[UUID | None]
    lesson_start_time: Mapped[datetime]
    # "draft" or "final".
    state: Mapped[str]
    revision: Mapped[int]
    content: Mapped[str]
    point_ids: Mapped[list[UUID]]
    homework: Mapped[str]
    homework_due_time: Mapped[datetime | None]
    publish_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]


class ClassRecordChange(CampusRow, Base):
    """What a record was published as, or corrected to; append-only."""

    __tablename__ = "class_record_change"

    class_record_id: Mapped[UUID]
    revision: Mapped[int]
    content: Mapped[str]
    point_ids: Mapped[list[UUID]]
    homework: Mapped[str]
    homework_due_time: Mapped[datetime | None]
    reason: Mapped[str]
    staff_id: Mapped[UUID]


class StudentRemark(CampusRow, Base):
    """What the record of a lesson says about one student."""

    __tablename__ = "student_remark"

    class_record_id: Mapped[UUID]
    student_id: Mapped[UUID]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed", of=("student_id",))
    # 0: none.
    rating: Mapped[int]
    rating_highest: Mapped[int]


class StudentRemarkChange(CampusRow, Base):
    """What a final record said about one student from a revision on; append-only."""

    __tablename__ = "student_remark_change"

    class_record_id: Mapped[UUID]
    revision: Mapped[int]
    student_id: Mapped[UUID]
    remark_sealed: Mapped[bytes | None]
    remark = Sealed("remark_sealed", of=("student_id",))
    rating: Mapped[int]
    rating_highest: Mapped[int]


class RatingScale(Row, Base):
    """How teachers of the institution rate; a replaced one is history."""

    __tablename__ = "rating_scale"

    highest: Mapped[int]
    labels: Mapped[list[str]]
    end_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]
