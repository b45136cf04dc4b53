"""Read models of insight; written by statements that add up, read by reports."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.tables import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Journey(Base):
    """How far one customer has come; each time is the first of its kind, None until it happened."""

    __tablename__ = "journey"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    campus_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    source: Mapped[str]
    enquiry_time: Mapped[datetime | None]
    trial_time: Mapped[datetime | None]
    enrolled_time: Mapped[datetime | None]
    paid_time: Mapped[datetime | None]
    first_lesson_time: Mapped[datetime | None]


class CampaignFigure(Base):
    """A campaign as reports name it, and the sum of its costs."""

    __tablename__ = "campaign_figure"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    campus_id: Mapped[UUID | None]
    name: Mapped[str]
    channel: Mapped[str]
    cost_fen: Mapped[int]


class CampusClock(Base):
    """A campus's name and time zone."""

    __tablename__ = "campus_clock"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    campus_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]
