"""Tables of student."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.crypto import Sealed
from shared.tables import COLUMN_TYPES, CampusRow, OwnedRow, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Staff(Row, Base):
    """Who may own a student, from org's events; `campus_ids` is None for a role of the whole chain."""

    __tablename__ = "staff"

    active: Mapped[bool]
    campus_ids: Mapped[list[UUID] | None]


class Household(Row, Base):
    """Guardians and students who belong together."""

    __tablename__ = "household"


class Student(OwnedRow, Base):
    """A child's file. Year, month and day of birth may each be unknown (0)."""

    __tablename__ = "student"

    household_id: Mapped[UUID]
    name_sealed: Mapped[bytes | None]
    birth_year: Mapped[int]
    birth_month: Mapped[int]
    birth_day: Mapped[int]
    gender: Mapped[str]
    school: Mapped[str]
    school_grade: Mapped[str]
    state: Mapped[str]
    lead_id: Mapped[UUID | None]
    enrol_time: Mapped[datetime]

    name = Sealed("name_sealed")


class StudentNameToken(Base):
    """What a student's name is found by; one row per keyed token."""

    __tablename__ = "student_name_token"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    token: Mapped[bytes] = mapped_column(primary_key=True)
    student_id: Mapped[UUID] = mapped_column(primary_key=True)


class Guardian(Row, Base):
    """A grown-up of a household."""

    __tablename__ = "guardian"

    household_id: Mapped[UUID]
    name_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    email_sealed: Mapped[bytes | None]

    name = Sealed("name_sealed")
    phone = Sealed("phone_sealed")
    email = Sealed("email_sealed")


class GuardianLink(CampusRow, Base):
    """What one guardian is to one student, and what the guardian may see and receive."""

    __tablename__ = "guardian_link"

    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    relation: Mapped[str]
    decision_weight: Mapped[int]
    may_see: Mapped[bool]
    may_contact: Mapped[bool]


class StateEntry(CampusRow, Base):
    """One change of a student's state; never edited."""

    __tablename__ = "student_state_entry"

    student_id: Mapped[UUID]
    from_state: Mapped[str]
    to_state: Mapped[str]
    reason: Mapped[str]
    actor_id: Mapped[UUID]


class TimelineEntry(CampusRow, Base):
    """One thing that an event told of a child; `facts` holds ids, codes and counts as text."""

    __tablename__ = "timeline_entry"

    student_id: Mapped[UUID]
    area: Mapped[str]
    kind: Mapped[str]
    occur_time: Mapped[datetime]
    facts: Mapped[dict[str, Any]]


class Campus(Row, Base):
    """A campus and its clock, from org's events."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]


class Tag(Row, Base):
    """A word for students. With a rule it is computed: `compute_after` is how far the day `compute_date` has come."""

    __tablename__ = "tag"

    name: Mapped[str]
    facet: Mapped[str]
    dimension: Mapped[str]
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    expire_days: Mapped[int]
    state: Mapped[str]
    compute_time: Mapped[datetime | None]
    compute_after: Mapped[UUID | None]
    compute_date: Mapped[date | None]


class StudentTag(CampusRow, Base):
    """That a student bears a tag; `end_time` is None while it is so."""

    __tablename__ = "student_tag"

    student_id: Mapped[UUID]
    tag_id: Mapped[UUID]
    source: Mapped[str]
    reason_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID | None]
    start_time: Mapped[datetime]
    expire_time: Mapped[datetime | None]
    end_time: Mapped[datetime | None]

    reason = Sealed("reason_sealed")
