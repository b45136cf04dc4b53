"""Limits and periods."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import Row


class LeadPolicy(Row, Base):
    """A setting from start_time on, until the next one of the same place; never changed. No campus: the chain."""

    __tablename__ = "lead_policy"

    campus_id: Mapped[UUID | None]
    setting: Mapped[str]
    value: Mapped[int]
    start_time: Mapped[datetime]
    staff_id: Mapped[UUID | None]
