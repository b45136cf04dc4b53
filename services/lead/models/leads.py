"""Leads and what happens to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import OwnedRow, Row


class Lead(OwnedRow, Base):
    """One enquiry about one child. `profile` is the JSON of rules.profile.Profile."""

    __tablename__ = "lead"

    customer_id: Mapped[UUID]
    stage: Mapped[str]
    stage_time: Mapped[datetime]
    state: Mapped[str]
    grade: Mapped[str]
    grade_reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    score: Mapped[float | None]
    score_model: Mapped[str | None]
    score_time: Mapped[datetime | None]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    profile_sealed: Mapped[bytes]
    birth_date: Mapped[str]
    gender: Mapped[str]
    school: Mapped[str]
    school_grade: Mapped[str]
    guardian_relation: Mapped[str]
    intended_courses: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    next_contact_time: Mapped[datetime | None]
    last_contact_time: Mapped[datetime | None]
    last_touch_time: Mapped[datetime]
    touch_count: Mapped[int]
    lost_reason: Mapped[str]
    merged_into_id: Mapped[UUID | None]
    owner_time: Mapped[datetime | None]
    warn_time: Mapped[datetime | None]
    pool: Mapped[str]
    pool_time: Mapped[datetime | None]
    invalid: Mapped[bool]
    archive_time: Mapped[datetime | None]
    school_district: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]] = mapped_column(JSONB, default=list)
    # None: no clock has been started; then "waiting", "met", "breached", or "exempt" from it.
    response_state: Mapped[str | None]
    response_due_time: Mapped[datetime | None]
    first_response_time: Mapped[datetime | None]
    first_response_minutes: Mapped[int | None]
    expected_amount_fen: Mapped[int | None]
    expected_close_date: Mapped[date | None]
    graded_by_hand: Mapped[bool | None]
    # How the last trial stands, and how much the family wants it ("high", "medium", "low"); None: not known.
    trial_state: Mapped[str | None]
    intent: Mapped[str | None]
    # Of the child; None until a job has been there.
    name_key: Mapped[str | None]
    # How it is sold (phone, meeting, campus, ordinary, complex); None: nobody has said.
    sales_form: Mapped[str | None]
    # Of a grown-up or an organisation, as the family says it.
    industry: Mapped[str | None]
    # None: a family.
    customer_type: Mapped[str | None]
    organisation_id: Mapped[UUID | None]
    # Since when the family does not want to be contacted.
    opt_out_time: Mapped[datetime | None]
    # When a guardian agreed that a file of the child is kept.
    guardian_consent_time: Mapped[datetime | None]

    profile = Sealed("profile_sealed")


class LeadKey(Base):
    """One blind index under which a lead is found: phones, WeChat, names, and the keys of rules.matching.

    No foreign key: two dozen checks per capture would cost more than the rows; leads are never deleted.
    """

    __tablename__ = "lead_key"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)


class LeadTag(Base):
    """Which leads bear a tag; a trigger keeps it equal to the tags of the leads."""

    __tablename__ = "lead_tag"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)


class Touch(Row, Base):
    """One arrival of a family; never changed. `payload` is the JSON of what came in."""

    __tablename__ = "touch"

    lead_id: Mapped[UUID]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    utm: Mapped[dict[str, Any]]
    payload_sealed: Mapped[bytes | None]
    import_id: Mapped[UUID | None]
    staff_id: Mapped[UUID | None]

    payload = Sealed("payload_sealed", of=("lead_id",))


class FollowUp(Row, Base):
    """One contact with a family; never changed."""

    __tablename__ = "follow_up"

    lead_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    channel: Mapped[str]
    content_sealed: Mapped[bytes]
    next_contact_time: Mapped[datetime | None]
    contact_time: Mapped[datetime | None]
    direction: Mapped[str]
    duration_seconds: Mapped[int]
    result: Mapped[str]
    # JSON of what else was noted: participants, doubts, solution.
    notes_sealed: Mapped[bytes | None]

    content = Sealed("content_sealed", of=("lead_id",))
    notes = Sealed("notes_sealed", of=("lead_id",))


class StageChange(Row, Base):
    """One stay in a stage, from create_time to exit_time; None: it is there now."""

    __tablename__ = "stage_change"

    lead_id: Mapped[UUID]
    stage: Mapped[str]
    previous_stage: Mapped[str]
    exit_time: Mapped[datetime | None]
    reason: Mapped[str]
    detail_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID | None]

    detail = Sealed("detail_sealed", of=("lead_id",))


class Trial(Row, Base):
    """A trial lesson as scheduling's events tell it; the id is the trial's."""

    __tablename__ = "trial"

    lead_id: Mapped[UUID]
    lesson_id: Mapped[UUID | None]
    course_id: Mapped[UUID | None]
    teacher_id: Mapped[UUID | None]
    teaching_campus_id: Mapped[UUID | None]
    course_name: Mapped[str | None]
    # None while invited.
    start_time: Mapped[datetime | None]
    # "invited", "booked", "attended", "no_show" or "cancelled".
    state: Mapped[str]
    result: Mapped[str]
    feedback_sealed: Mapped[bytes | None]

    # When the family was reminded of this start time, and how often of this trial.
    reminder_time: Mapped[datetime | None]
    reminder_count: Mapped[int] = mapped_column(server_default="0")

    # What the family said, 1 to 5 and in words.
    rating: Mapped[int | None]
    opinion_sealed: Mapped[bytes | None]
    opinion_time: Mapped[datetime | None]

    feedback = Sealed("feedback_sealed")
    opinion = Sealed("opinion_sealed")
