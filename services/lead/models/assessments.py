"""Assessments, the invitations to them and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import Row


class Assessment(Row, Base):
    """Questions and what is said about the answers; `sheet` is the JSON of rules.assessment.Sheet and never changes."""

    __tablename__ = "assessment"

    name: Mapped[str]
    introduction: Mapped[str]
    sheet: Mapped[dict[str, Any]] = mapped_column(JSONB)
    retired: Mapped[bool]


class AssessmentSitting(Row, Base):
    """One invitation of a lead; never changed. The token of the family's page holds its id."""

    __tablename__ = "assessment_sitting"

    lead_id: Mapped[UUID]
    assessment_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    expire_time: Mapped[datetime]


class AssessmentReport(Row, Base):
    """What came of a sitting; never changed. The id is the sitting's. `scores` holds rules.assessment.Score, the whole
    first.
    """

    __tablename__ = "assessment_report"

    lead_id: Mapped[UUID]
    assessment_name: Mapped[str]
    choices: Mapped[list[int]] = mapped_column(JSONB)
    scores: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
