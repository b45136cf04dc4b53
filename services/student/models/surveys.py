"""What families are asked, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class Survey(Row, Base):
    """Questions to families; `version` is the newest. `round_after` is how far the round of `round_number` has come."""

    __tablename__ = "survey"

    title_zh: Mapped[str]
    title_en: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    repeat_days: Mapped[int]
    reply_days: Mapped[int]
    owner_id: Mapped[UUID]
    round_number: Mapped[int]
    round_after: Mapped[UUID | None]


class SurveyVersion(Row, Base):
    """The questions of one version; never edited."""

    __tablename__ = "survey_version"

    survey_id: Mapped[UUID]
    number: Mapped[int]
    questions: Mapped[list[Any]] = mapped_column(JSONB)


class SurveyInvitation(CampusRow, Base):
    """That one guardian was asked about one child in a round, and when the answer came."""

    __tablename__ = "survey_invitation"

    survey_id: Mapped[UUID]
    version: Mapped[int]
    round_number: Mapped[int]
    student_id: Mapped[UUID]
    guardian_id: Mapped[UUID]
    class_group_id: Mapped[UUID | None]
    teacher_id: Mapped[UUID | None]
    expire_time: Mapped[datetime]
    respond_time: Mapped[datetime | None]
    ticket_id: Mapped[UUID | None]


class SurveyAnswer(CampusRow, Base):
    """The answer to one question; never edited."""

    __tablename__ = "survey_answer"

    invitation_id: Mapped[UUID]
    survey_id: Mapped[UUID]
    question: Mapped[str]
    kind: Mapped[str]
    score: Mapped[int | None]
    options: Mapped[list[str]]
    text_sealed: Mapped[bytes | None]

    text = Sealed("text_sealed")


class FamilyComment(CampusRow, Base):
    """What a family wrote and lets us show; `rating` is 1 to 5, or nothing."""

    __tablename__ = "family_comment"

    invitation_id: Mapped[UUID]
    teacher_id: Mapped[UUID | None]
    class_group_id: Mapped[UUID | None]
    rating: Mapped[int | None]
    state: Mapped[str]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]
    text_sealed: Mapped[bytes | None]

    text = Sealed("text_sealed")
