"""Growth reports and whom they went to."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class GrowthReport(CampusRow, Base):
    """What is told of a child's week or term; never edited. `content` is JSON, as `rules.growth` keeps it."""

    __tablename__ = "growth_report"

    student_id: Mapped[UUID]
    period: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date]
    content_sha256: Mapped[str]
    content_sealed: Mapped[bytes | None]

    content = Sealed("content_sealed", of=("student_id",))


class GrowthDelivery(CampusRow, Base):
    """That a report went to a guardian, in which layout, and when it was opened first."""

    __tablename__ = "growth_delivery"

    growth_report_id: Mapped[UUID]
    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    experiment: Mapped[str]
    variant: Mapped[str]
    open_time: Mapped[datetime | None]


class GrowthSetting(Row, Base):
    """How reports go out; its id is the institution's. `week_after` is how far the week of `week_start` has come."""

    __tablename__ = "growth_setting"

    weekly: Mapped[bool]
    weekday: Mapped[int]
    hour: Mapped[int]
    experiment: Mapped[str]
    brief_basis_points: Mapped[int]
    week_start: Mapped[date | None]
    week_after: Mapped[UUID | None]
