"""What rules about charges are asked with: where they are on, courses, teaching, overrides."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import CampusRow, Row


class Course(Row, Base):
    """What billing knows of a course; follows CourseChanged. An empty category is one that no rule is about."""

    __tablename__ = "course"

    # Empty until the course was told of again after billing began to keep names.
    name: Mapped[str] = mapped_column(default="")
    category: Mapped[str]
    subject: Mapped[str]
    kind: Mapped[str]
    lesson_minutes: Mapped[int]
    lesson_hours_hundredths: Mapped[int]
    online: Mapped[bool]


class ChargeRuleSwitch(CampusRow, Base):
    """A set of rules that a campus has switched on or off."""

    __tablename__ = "charge_rule_switch"

    set_code: Mapped[str]
    active: Mapped[bool]
    staff_id: Mapped[UUID]


class QuoteTeaching(CampusRow, Base):
    """When and how a line of a quote is going to be taught, and how old the child is, as far as rules ask."""

    __tablename__ = "quote_teaching"

    quote_id: Mapped[UUID]
    line_number: Mapped[int]
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    class_size: Mapped[int]
    age_years: Mapped[int | None]


class ChargeOverride(CampusRow, Base):
    """Rules that somebody set aside for a quote, and why; append-only.

    `findings`: {"findings": [{"kind", "version", "number", "limit", "value"}]}.
    """

    __tablename__ = "charge_override"

    quote_id: Mapped[UUID]
    findings: Mapped[dict[str, Any]]
    reason: Mapped[str]
    staff_id: Mapped[UUID]
