"""Thresholds of teaching quality, and what went beyond them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import CampusRow, Row


class QualityThreshold(Row, Base):
    """Where an indicator is told of at a campus, or at all without a threshold; replaced ones are history."""

    __tablename__ = "quality_threshold"

    campus_id: Mapped[UUID | None]
    indicator: Mapped[str]
    limit_basis_points: Mapped[int]
    # On fewer rows nothing is told.
    least_row_count: Mapped[int]
    end_time: Mapped[datetime | None]
    staff_id: Mapped[UUID]


class QualityAlert(CampusRow, Base):
    """An indicator of a teacher or class group that went beyond its threshold, once in a month; append-only."""

    __tablename__ = "quality_alert"

    # "teacher" or "class_group".
    dimension: Mapped[str]
    subject_id: Mapped[UUID]
    indicator: Mapped[str]
    # The first day of the month.
    start_date: Mapped[date]
    basis_points: Mapped[int]
    row_count: Mapped[int]
    limit_basis_points: Mapped[int]
