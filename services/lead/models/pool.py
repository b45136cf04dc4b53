"""What people took from the pool, and what is wrong with leads."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import CampusRow, Row


class PoolQuota(Row, Base):
    """How many leads a person has taken from the pool on a day; its lock puts one person's grabs in line."""

    __tablename__ = "pool_quota"

    staff_id: Mapped[UUID]
    day: Mapped[date]
    taken: Mapped[int]


class LeadIssue(CampusRow, Base):
    """Something about a lead that a person should put right; one row per lead and kind."""

    __tablename__ = "lead_issue"

    lead_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str]
    find_time: Mapped[datetime]


class QualityRun(Row, Base):
    """One night's look at all open leads; `position` is the last lead that was looked at."""

    __tablename__ = "quality_run"

    day: Mapped[date]
    position: Mapped[UUID | None]
    checked: Mapped[int]
    flawed: Mapped[int]
    finish_time: Mapped[datetime | None]
