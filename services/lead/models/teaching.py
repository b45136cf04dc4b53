"""From selling to teaching, and the people behind a customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

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
    """One person on a lead or of an organisation; a learner of one may have become a lead.

    `person` is JSON of name and phone; `phone_key` the blind index of the number.
    """

    __tablename__ = "contact"

    lead_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    learner_lead_id: Mapped[UUID | None]
    person_sealed: Mapped[bytes]
    phone_key: Mapped[bytes | None]
    position: Mapped[str]
    role: Mapped[str]
    weight_percent: Mapped[int]
    removed: Mapped[bool]

    person = Sealed("person_sealed")
