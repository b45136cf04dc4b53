"""Runs of the optimiser, what they propose, and what people changed in that."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.tables import CampusRow, Row


class TimetableRun(Row, Base):
    """One run. `campus_id` is set for a run of one campus; runs of several are seen by the whole chain only.

    `demands` is {class group: lessons a week}; `unplaced` is [{class_group_id, lesson_number, clashes}].
    While it runs, its worker renews the lease; a lease that is over says that the worker is gone.
    """

    __tablename__ = "timetable_run"

    campus_id: Mapped[UUID | None]
    campus_ids: Mapped[list[UUID]]
    demands: Mapped[dict[str, Any]]
    kept_class_group_ids: Mapped[list[UUID]]
    start_date: Mapped[date]
    end_date: Mapped[date]
    # ISO weekdays, and local minutes of a day between which lessons may be.
    weekdays: Mapped[list[int]] = mapped_column(JSONB())
    day_start_minute: Mapped[int]
    day_end_minute: Mapped[int]
    weights: Mapped[dict[str, Any]]
    # [weekday, start minute, end minute], local; none: every time is as good.
    preferred_times: Mapped[list[list[int]]] = mapped_column(JSONB())
    time_limit_seconds: Mapped[int]
    # Beyond the time limit, for making the first plan better.
    improve_seconds: Mapped[int]
    # "waiting", "running", "done", "cancelled" or "failed".
    state: Mapped[str]
    attempts: Mapped[int]
    lease_id: Mapped[UUID | None]
    lease_time: Mapped[datetime | None]
    progress_percent: Mapped[int]
    meeting_count: Mapped[int]
    placed_count: Mapped[int]
    moved_count: Mapped[int]
    best_cost: Mapped[int]
    unplaced: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    error_reason: Mapped[str]
    staff_id: Mapped[UUID]
    start_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]


class TimetableProposal(CampusRow, Base):
    """One weekly lesson as a run wants it; `old_*` is where it was when the run began, None for a new one."""

    __tablename__ = "timetable_proposal"

    run_id: Mapped[UUID]
    class_group_id: Mapped[UUID]
    lesson_number: Mapped[int]
    # "new", "moved" or "kept".
    kind: Mapped[str]
    # "open" or "accepted".
    state: Mapped[str]
    # {"weekday": 1, "start_minute": 1080, "lesson_minutes": 90, "teacher_id": ..., "room_id": ...}, local time.
    place: Mapped[dict[str, Any]]
    old_place: Mapped[dict[str, Any] | None]
    # Dates of the pattern without a lesson there: [{"date": "2031-03-08", "reason": ..., "resource_id": ...}].
    exceptions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    series_id: Mapped[UUID | None]


class TimetableProposalChange(CampusRow, Base):
    """One change of a proposal by hand; append-only."""

    __tablename__ = "timetable_proposal_change"

    proposal_id: Mapped[UUID]
    old_place: Mapped[dict[str, Any]]
    place: Mapped[dict[str, Any]]
    staff_id: Mapped[UUID]
    reason: Mapped[str]
