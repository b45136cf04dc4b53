"""Class groups and who was in them when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.tables import CampusRow


class ClassGroup(CampusRow, Base):
    """A class group. `member_count` is guarded by a check: it never passes `capacity`."""

    __tablename__ = "class_group"

    course_id: Mapped[UUID]
    name: Mapped[str]
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    capacity: Mapped[int]
    member_count: Mapped[int]
    # "open" or "closed".
    state: Mapped[str]


class Membership(CampusRow, Base):
    """A student's time in a class group, [join_time, leave_time); those of one student in one group never overlap."""

    __tablename__ = "membership"

    class_group_id: Mapped[UUID]
    student_id: Mapped[UUID]
    join_time: Mapped[datetime]
    leave_time: Mapped[datetime | None]
    leave_reason: Mapped[str]
