"""Teachers and when they may teach."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.tables import Row


class Teacher(Row, Base):
    """What org says about a teacher, and what the timetable needs beyond that; the id is the staff id."""

    __tablename__ = "teacher"

    display_name: Mapped[str]
    # Empty: every campus.
    campus_ids: Mapped[list[UUID]]
    # Subject and level codes: [{"subject": "math", "level": ""}].
    skills: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    active: Mapped[bool]


class TeacherAvailability(Row, Base):
    """One weekly range of a teacher at a campus, in that campus's local time; replaced ones stay as history."""

    __tablename__ = "teacher_availability"

    teacher_id: Mapped[UUID]
    campus_id: Mapped[UUID]
    # ISO: 1 Monday .. 7 Sunday.
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    replace_time: Mapped[datetime | None]
