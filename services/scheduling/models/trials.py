"""Trials and their steps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from services.scheduling.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow


class Trial(CampusRow, Base):
    """A lead's seat in a lesson, or the invitation to one. A check keeps it from being closed without a result."""

    __tablename__ = "trial"

    lead_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    # None while invited, as is the time.
    lesson_id: Mapped[UUID | None]
    course_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    # Who cares for the lead, else who booked it.
    owner_id: Mapped[UUID]
    lesson_start_time: Mapped[datetime | None]
    # "invited", "booked", "closed" or "cancelled"; what callers see of it: rules.trials.seen_as.
    state: Mapped[str]
    # Not known until the roll call or the result says it.
    attended: Mapped[bool | None]
    result: Mapped[str]
    feedback_sealed: Mapped[bytes | None]
    feedback = Sealed("feedback_sealed")
    child_name_sealed: Mapped[bytes | None]
    child_name = Sealed("child_name_sealed")
    cancel_reason: Mapped[str]
    # The lesson was planned for this trial alone.
    one_to_one: Mapped[bool | None]
    previous_trial_id: Mapped[UUID | None]


class TrialStep(CampusRow, Base):
    """One step of a trial, by whom; append-only. `reason` says why it was cancelled."""

    __tablename__ = "trial_step"

    trial_id: Mapped[UUID]
    # "invited", "booked", "attended", "no_show" or "cancelled".
    state: Mapped[str]
    staff_id: Mapped[UUID | None]
    reason: Mapped[str]
