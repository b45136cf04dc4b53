"""Words for students, given by hand or by a rule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


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
