"""A child's file: household, student, guardians and their rights, states."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, OwnedRow, Row


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
