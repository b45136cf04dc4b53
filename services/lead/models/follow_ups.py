"""How a chain stays in touch: opening hours, plans and their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class WorkingHours(CampusRow, Base):
    """When a campus is open; the id is the campus's. `openings` holds [weekday, "09:00", "20:00"], 0: Monday."""

    __tablename__ = "working_hours"

    openings: Mapped[list[list[Any]]] = mapped_column(JSONB)
    closed_dates: Mapped[list[str]]


class FollowUpPlan(Row, Base):
    """A template of tasks and messages; campus_id None: for every campus.

    `steps` holds title, offset_minutes, channel, and of a message subject and text.
    """

    __tablename__ = "follow_up_plan"

    name: Mapped[str]
    campus_id: Mapped[UUID | None]
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    paused: Mapped[bool]
    # Words of rules.plans.CAUSES that do not stop its runs; None: there are none.
    continues_after: Mapped[list[str] | None]
    # The fields of rules.plans.Trigger; None: it does not start by itself.
    start_stages: Mapped[list[str] | None]
    start_grades: Mapped[list[str] | None]
    start_imports: Mapped[bool | None]


class PlanCue(Row, Base):
    """A lead on which a plan is to start, noted by a trigger of the database when its stage or grade changes."""

    __tablename__ = "plan_cue"

    lead_id: Mapped[UUID]
    plan_id: Mapped[UUID]


class PlanRun(Row, Base):
    """A plan at work on a lead; at most one run of a plan on a lead goes on at any time."""

    __tablename__ = "plan_run"

    plan_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    state: Mapped[str]
    stop_reason: Mapped[str]
    step_count: Mapped[int]
    staff_id: Mapped[UUID | None]
    end_time: Mapped[datetime | None]
    # As the plan said when the run started.
    continues_after: Mapped[list[str] | None]
    # Those that are not due yet, as dictionaries of rules.plans.Message in the order of time, and when the first is;
    # None: there are none.
    messages: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    next_message_time: Mapped[datetime | None]


class PlanMessage(Row, Base):
    """A message of a run that came due, as it was handed over or, with a reason, was not; never changed."""

    __tablename__ = "plan_message"

    lead_id: Mapped[UUID]
    plan_run_id: Mapped[UUID]
    step: Mapped[int]
    channel: Mapped[str]
    subject_sealed: Mapped[bytes]
    body_sealed: Mapped[bytes]
    reason: Mapped[str]

    subject = Sealed("subject_sealed", of=("lead_id",))
    body = Sealed("body_sealed", of=("lead_id",))
