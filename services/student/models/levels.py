"""How far children have come in each subject."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.tables import CampusRow


class StudentLevel(CampusRow, Base):
    """A level that a child was given in a subject, numbered from 1; never edited, the last one holds."""

    __tablename__ = "student_level"

    student_id: Mapped[UUID]
    subject: Mapped[str]
    number: Mapped[int]
    level: Mapped[str]
    staff_id: Mapped[UUID]
