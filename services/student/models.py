"""Tables of student."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

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
