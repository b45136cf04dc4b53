"""Notices of public holidays, school terms, and what the law asks of lessons."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduling.models.base import Base
from shared.tables import Row


class HolidayNotice(Row, Base):
    """The public holidays and make-up working days of a year, where the institution has its own word on them."""

    __tablename__ = "holiday_notice"

    year: Mapped[int]
    source: Mapped[str]
    # [{"day": "2027-01-01", "name": "...", "is_off": true}]; days of the years beside it too.
    days: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())


class SchoolTerm(Row, Base):
    """A term or break of the schools of a city; replaced ones stay as history."""

    __tablename__ = "school_term"

    city: Mapped[str]
    # "term", "winter_break" or "summer_break".
    kind: Mapped[str]
    name: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date]
    replace_time: Mapped[datetime | None]


class LessonRegulation(Row, Base):
    """One rule of the law; replaced ones stay as history."""

    __tablename__ = "lesson_regulation"

    kind: Mapped[str]
    category: Mapped[str]
    # "offline" or "online".
    delivery: Mapped[str]
    # "": the whole country.
    city: Mapped[str]
    minutes: Mapped[int]
    source: Mapped[str]
    effective_date: Mapped[date]
    end_date: Mapped[date | None]
    replace_time: Mapped[datetime | None]
