"""From selling to teaching, and the people behind a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import OwnedRow, Row


class TeachingHandover(OwnedRow, Base):
    """What a teacher must know of a new student; the owner is the teacher. `told` is JSON of what was written."""

    __tablename__ = "teaching_handover"

    lead_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    course_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    state: Mapped[str]
    told_sealed: Mapped[bytes]
    plan_sealed: Mapped[bytes | None]
    acknowledge_time: Mapped[datetime | None]

    told = Sealed("told_sealed")
    plan = Sealed("plan_sealed")


class Contact(Row, Base):
    """One person on a lead. `person` is JSON of name and phone; `phone_key` the blind index of the number."""

    __tablename__ = "contact"

    lead_id: Mapped[UUID]
    person_sealed: Mapped[bytes]
    phone_key: Mapped[bytes | None]
    position: Mapped[str]
    role: Mapped[str]
    weight_percent: Mapped[int]
    removed: Mapped[bool]

    person = Sealed("person_sealed")


class GradeChange(Row, Base):
    """One change of a lead's grade; never changed. The database notes what the rule does by itself."""

    __tablename__ = "grade_change"

    lead_id: Mapped[UUID]
    grade: Mapped[str]
    previous_grade: Mapped[str]
    by_hand: Mapped[bool]
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    reason_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID | None]

    reason = Sealed("reason_sealed")
