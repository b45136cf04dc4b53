"""Who has a right to which customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import Row


class Claim(Row, Base):
    """A right to a customer; at any instant at most one is live (exclusion constraint)."""

    __tablename__ = "claim"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    claimant_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
