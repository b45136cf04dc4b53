"""Tables of marketing."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped

from shared.tables import COLUMN_TYPES, Row, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Campus(Row, Base):
    """What marketing knows of a campus; follows CampusChanged."""

    __tablename__ = "campus"

    name: Mapped[str]
    active: Mapped[bool]


class Campaign(Row, Base):
    """Something done to bring in enquiries; without a campus it is the whole chain's. `cost_fen` sums its costs."""

    __tablename__ = "campaign"

    campus_id: Mapped[UUID | None]
    name: Mapped[str]
    channel: Mapped[str]
    state: Mapped[str]
    start_date: Mapped[date]
    end_date: Mapped[date | None]
    budget_fen: Mapped[int]
    cost_fen: Mapped[int]


class CampaignCost(Row, Base):
    """Money spent; never edited."""

    __tablename__ = "campaign_cost"

    campus_id: Mapped[UUID | None]
    campaign_id: Mapped[UUID]
    amount_fen: Mapped[int]
    remark: Mapped[str]
    spend_date: Mapped[date]


class Segment(Row, Base):
    """A filter of leads under a name; without a campus it is the whole chain's."""

    __tablename__ = "segment"

    campus_id: Mapped[UUID | None]
    name: Mapped[str]
    # As lead's ListLeads takes it; lead has accepted it.
    filter: Mapped[str]
    staff_id: Mapped[UUID]
    removed: Mapped[bool]
