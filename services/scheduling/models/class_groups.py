"""Class groups and who was in them when."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.tables import CampusRow


class ClassGroup(CampusRow, Base):
    """A class group. A check guards that members and places held for offers never pass `capacity`."""

    __tablename__ = "class_group"

    course_id: Mapped[UUID]
    name: Mapped[str]
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    capacity: Mapped[int]
    member_count: Mapped[int]
    # "open" or "closed": whether it takes students.
    state: Mapped[str]
    # Places of offers that wait for an answer.
    held_count: Mapped[int] = mapped_column(default=0)
    offer_hours: Mapped[int] = mapped_column(default=48)
    # "forming" until its opening conditions hold, "running", "finished" or "cancelled".
    stage: Mapped[str] = mapped_column(default="running")
    min_members: Mapped[int] = mapped_column(default=0)
    open_by_date: Mapped[date | None]
    needs_teacher: Mapped[bool] = mapped_column(default=False)
    # When somebody was told that its day comes and its conditions do not hold.
    warn_time: Mapped[datetime | None]


class Membership(CampusRow, Base):
    """A student's time in a class group, [join_time, leave_time); those of one student in one group never overlap."""

    __tablename__ = "membership"

    class_group_id: Mapped[UUID]
    student_id: Mapped[UUID]
    join_time: Mapped[datetime]
    leave_time: Mapped[datetime | None]
    leave_reason: Mapped[str]
    # Courses that should have come before, and who overrode that why; None: nothing was overridden.
    missing_course_ids: Mapped[list[UUID] | None]
    override_reason: Mapped[str | None]
    override_by: Mapped[UUID | None]


class WaitingEntry(CampusRow, Base):
    """A student who waits for a place, in the order of ids; an offer holds a place until it expires."""

    __tablename__ = "waiting_entry"

    class_group_id: Mapped[UUID]
    student_id: Mapped[UUID]
    # "waiting", "offered", "accepted", "declined" or "expired".
    state: Mapped[str]
    offer_expire_time: Mapped[datetime | None]
    # As of a membership: what was missing when the student began to wait, who said that it does not matter, and why.
    missing_course_ids: Mapped[list[UUID] | None]
    override_reason: Mapped[str | None]
    override_by: Mapped[UUID | None]


class Suspension(CampusRow, Base):
    """A student who pauses for a while; the class groups are those to come back to."""

    __tablename__ = "suspension"

    student_id: Mapped[UUID]
    class_group_ids: Mapped[list[UUID]]
    start_time: Mapped[datetime]
    return_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    # "planned", "suspended", "returned", "withdrawn" before it began, or "stuck" when the return was refused.
    state: Mapped[str]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
    # Why the return was refused: a reason code; empty otherwise.
    return_problem: Mapped[str]


class Placement(CampusRow, Base):
    """Where a new student was placed, what had been proposed, by whom and why; append-only."""

    __tablename__ = "placement"

    student_id: Mapped[UUID]
    class_group_id: Mapped[UUID]
    proposed_class_group_id: Mapped[UUID | None]
    manual: Mapped[bool]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
