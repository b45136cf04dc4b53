"""Plans by which teachers are paid, and months whose pay is to be computed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import Row


class PayPlan(Row, Base):
    """`tiers`: [{"from_quantity", "rate"}] in order."""

    __tablename__ = "pay_plan"

    name: Mapped[str]
    basis: Mapped[str]
    priority: Mapped[int]
    measure: Mapped[str]
    role: Mapped[str]
    assistant_basis_points: Mapped[int]
    teacher_id: Mapped[UUID | None]
    campus_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    state: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


class PayDue(Row, Base):
    """Something changed in what a teacher taught in the month from `start_date`; gone once the pay is computed."""

    __tablename__ = "pay_due"

    teacher_id: Mapped[UUID]
    start_date: Mapped[date]


class LessonAssistant(Row, Base):
    """Who taught beside the main teacher of a consumption's lesson."""

    __tablename__ = "lesson_assistant"

    lesson_id: Mapped[UUID]
    teacher_id: Mapped[UUID]
    lesson_start_time: Mapped[datetime]
