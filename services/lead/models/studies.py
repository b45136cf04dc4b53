"""What students do with their hours, as billing's events tell it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import Row


class StudyConsumption(Row, Base):
    """One consumption, with billing's id. `restored`: it was taken back, which may be heard of first.

    `remaining_hundredths` is what was left for the course when it was last heard of; `month_date` is the first day of
    the local month.
    """

    __tablename__ = "study_consumption"

    customer_id: Mapped[UUID]
    course_id: Mapped[UUID]
    consumed_hundredths: Mapped[int]
    remaining_hundredths: Mapped[int]
    month_date: Mapped[date | None]
    lesson_time: Mapped[datetime | None]
    restored: Mapped[bool]
