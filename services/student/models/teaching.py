"""What billing and scheduling tell of hours, courses and lessons, as far as a child's overview shows it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.tables import CampusRow, Row


class Course(Row, Base):
    """A course, as scheduling told it last."""

    __tablename__ = "course"

    name: Mapped[str]
    subject: Mapped[str]


class HourLot(CampusRow, Base):
    """What is left of hours that were bought or given; the campus is the one that sold, the id is billing's lot.

    Lessons tell what is left, everything else the whole lot: each part follows the latest event that told it.
    """

    __tablename__ = "hour_lot"

    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    remaining_hundredths: Mapped[int]
    remaining_sequence: Mapped[int]
    # Empty until the whole lot was told.
    kind: Mapped[str]
    frozen: Mapped[bool]
    expire_date: Mapped[date | None]
    whole_sequence: Mapped[int]


class Lesson(CampusRow, Base):
    """A lesson, as the latest event told it."""

    __tablename__ = "lesson"

    course_id: Mapped[UUID]
    class_group_ids: Mapped[list[UUID]]
    student_ids: Mapped[list[UUID]]
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    cancelled: Mapped[bool]
    sequence: Mapped[int]


class LessonPlace(Base):
    """What the lessons of a class group, or of a student who comes by name, are found by; made from the lesson."""

    __tablename__ = "lesson_place"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    start_time: Mapped[datetime] = mapped_column(primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(primary_key=True)
