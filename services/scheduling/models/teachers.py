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
    # Minutes of lessons that a person may have on a local day, and in a week from Monday; None: not limited.
    most_day_minutes: Mapped[int | None]
    most_week_minutes: Mapped[int | None]
    # How far they have come: [{"subject": "math", "course_id": "", "level": 3}]; None: nothing was said.
    levels: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB())
    # Codes of how they teach, such as "patient"; None: nothing was said.
    styles: Mapped[list[str] | None]


class TeacherException(Row, Base):
    """A time in which the weekly ranges of a teacher do not count: away, or there although they are not."""

    __tablename__ = "teacher_exception"

    teacher_id: Mapped[UUID]
    # "sick", "leave" or "extra".
    kind: Mapped[str]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    # Taken back, and why.
    ended: Mapped[bool]
    end_reason: Mapped[str]


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
