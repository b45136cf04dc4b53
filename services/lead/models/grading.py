"""By what leads are graded, and every change of a grade."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class GradingRule(Row, Base):
    """By what leads are graded from create_time on; never changed. `rule` is the JSON of rules.grading.Rule."""

    __tablename__ = "grading_rule"

    rule: Mapped[dict[str, Any]]
    staff_id: Mapped[UUID | None]


class GradingRun(Row, Base):
    """How far the grading of all open leads has come; the id is the institution's. `position` is the last lead."""

    __tablename__ = "grading_run"

    rule_id: Mapped[UUID | None]
    day: Mapped[date | None]
    position: Mapped[UUID | None]
    checked: Mapped[int]
    changed: Mapped[int]
    finish_time: Mapped[datetime | None]


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

    reason = Sealed("reason_sealed", of=("lead_id",))
