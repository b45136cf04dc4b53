"""What people ask about their own data, and what each service answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class SubjectRequest(Row, Base):
    """One request. `person_ids`, `guardian_ids` and `services` are set when it is granted."""

    __tablename__ = "subject_request"

    person_id: Mapped[UUID]
    guardian_id: Mapped[UUID | None]
    kind: Mapped[str]
    subject: Mapped[str]
    state: Mapped[str]
    # Empty until somebody has verified who asks.
    identity_means: Mapped[str]
    due_date: Mapped[date]
    person_ids: Mapped[list[UUID]]
    guardian_ids: Mapped[list[UUID]]
    services: Mapped[list[str]]
    request_sealed: Mapped[bytes | None]
    answer_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID]
    verify_staff_id: Mapped[UUID | None]
    decide_staff_id: Mapped[UUID | None]
    decide_time: Mapped[datetime | None]
    finish_time: Mapped[datetime | None]
    archive_expire_time: Mapped[datetime | None]

    request = Sealed("request_sealed")
    answer = Sealed("answer_sealed")


class SubjectPart(Row, Base):
    """What one service did for a request; `content` is the JSON of an export, until the archive is over."""

    __tablename__ = "subject_part"

    subject_request_id: Mapped[UUID]
    service: Mapped[str]
    tables: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    content_sealed: Mapped[bytes | None]

    content = Sealed("content_sealed")
