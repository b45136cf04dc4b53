"""The catalogue."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import Row


class Course(Row, Base):
    __tablename__ = "course"

    name: Mapped[str]
    # "one_to_one", "class" or "camp".
    kind: Mapped[str]
    subject: Mapped[str]
    level: Mapped[str]
    lesson_minutes: Mapped[int]
    lesson_hours_hundredths: Mapped[int]
    total_lesson_hours_hundredths: Mapped[int]
    active: Mapped[bool]
    # None: for every school year, for any age.
    school_grades: Mapped[list[str] | None]
    least_age_years: Mapped[int | None]
    most_age_years: Mapped[int | None]
    # "school_age_subject", "school_age_other", "preschool", "adult" or "vocational"; None: as grades and ages say.
    category: Mapped[str | None]
    online: Mapped[bool | None]
    # What its room must have; None: nothing.
    equipment: Mapped[list[str] | None]
    # Courses that a student has had before.
    prerequisite_course_ids: Mapped[list[UUID] | None]
    # None: teachers of any level.
    required_teacher_level: Mapped[int | None]
