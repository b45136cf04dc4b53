"""What courses teach, point by point."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import CampusRow, Row


class Syllabus(Row, Base):
    """A version of a course's syllabus; append-only."""

    __tablename__ = "syllabus"

    course_id: Mapped[UUID]
    version: Mapped[int]
    reason: Mapped[str]
    staff_id: Mapped[UUID]


class SyllabusPoint(Row, Base):
    """A point of a version; `point_id` is the same in every version that has it; append-only."""

    __tablename__ = "syllabus_point"

    syllabus_id: Mapped[UUID]
    point_id: Mapped[UUID]
    position: Mapped[int]
    title: Mapped[str]
    # 0: planned in no lesson.
    lesson_number: Mapped[int]
    lesson_hours_hundredths: Mapped[int]


class ClassGroupSyllabus(CampusRow, Base):
    """A class group that was moved to a version, by whom and why; the last counts; append-only."""

    __tablename__ = "class_group_syllabus"

    class_group_id: Mapped[UUID]
    syllabus_id: Mapped[UUID]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
