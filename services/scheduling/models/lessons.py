"""The timetable and what it occupies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Date
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.tables import CampusRow, Row


class LessonSeries(CampusRow, Base):
    """The weekly pattern that lessons came from."""

    __tablename__ = "lesson_series"

    course_id: Mapped[UUID]
    start_date: Mapped[date]
    end_date: Mapped[date]
    # [{"weekday": 1, "start": "18:00", "lesson_minutes": 90}], local time.
    slots: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    holiday_dates: Mapped[list[date]] = mapped_column(ARRAY(Date()))


class Lesson(CampusRow, Base):
    """A lesson. `seats_taken` counts students and trials, guarded by a check against `seat_limit`."""

    __tablename__ = "lesson"

    course_id: Mapped[UUID]
    series_id: Mapped[UUID | None]
    class_group_ids: Mapped[list[UUID]]
    # The main teacher first.
    teacher_ids: Mapped[list[UUID]]
    # The main teacher, whose the figures of the lesson are.
    teacher_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    # "scheduled" or "cancelled".
    state: Mapped[str]
    # "open" or "confirmed".
    roll_call_state: Mapped[str]
    lesson_hours_hundredths: Mapped[int]
    seat_limit: Mapped[int]
    seats_taken: Mapped[int]
    cancel_reason: Mapped[str]
    override_reason: Mapped[str]
    override_by: Mapped[UUID | None]
    # Where the lesson stood before it was first moved by hand; None: where it was planned.
    original_start_time: Mapped[datetime | None]
    # The lesson that took this one's class groups in; it is cancelled meanwhile.
    merged_into_id: Mapped[UUID | None]


class LessonChange(CampusRow, Base):
    """One change of a lesson by hand, with what it was and what it became; append-only."""

    __tablename__ = "lesson_change"

    lesson_id: Mapped[UUID]
    # One for all lessons that a command changed.
    command_id: Mapped[UUID]
    # "moved", "cancelled", "merged", "split" or "substituted".
    kind: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str]
    actor_id: Mapped[UUID]


class LessonReminder(CampusRow, Base):
    """The families of a lesson know that it is near, once for each time that it was given; append-only.

    The id is the notice's.
    """

    __tablename__ = "lesson_reminder"

    lesson_id: Mapped[UUID]
    start_time: Mapped[datetime]


class LessonResource(Row, Base):
    """What a lesson occupies: a teacher, room, class group or student. No live one overlaps another of its resource.

    Seen by every campus: teachers and students are shared, and a collision has to be found wherever it lies.
    Holds ids and times only.
    """

    __tablename__ = "lesson_resource"

    lesson_id: Mapped[UUID]
    # "teacher", "room", "class_group" or "student".
    resource_kind: Mapped[str]
    resource_id: Mapped[UUID]
    # How a student came in: "membership", "assigned" or "trial"; "" for the other kinds.
    origin: Mapped[str]
    class_group_id: Mapped[UUID | None]
    # Of teachers; None for the other kinds, and from before it was kept.
    campus_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE(), Computed("tstzrange(start_time, end_time, '[)')", persisted=True)
    )
    # "live", "released" (left before the lesson) or "cancelled" (with the lesson).
    state: Mapped[str]
