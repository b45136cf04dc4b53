"""What the events of all services told of a child."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.student.models.base import Base
from shared.tables import CampusRow


class TimelineEntry(CampusRow, Base):
    """One thing that an event told of a child; `facts` holds ids, codes and counts as text."""

    __tablename__ = "timeline_entry"

    student_id: Mapped[UUID]
    area: Mapped[str]
    kind: Mapped[str]
    occur_time: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
