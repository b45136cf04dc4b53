"""Who has a right to which customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.tables import Row


class Claim(Row, Base):
    """A right to a customer; at any instant at most one is live (exclusion constraint).

    The claimant is a staff member or a partner. `end_reason` says why it ended early; empty: it ran or runs its time.
    """

    __tablename__ = "claim"

    customer_id: Mapped[UUID]
    lead_id: Mapped[UUID]
    claimant_id: Mapped[UUID]
    claimant_kind: Mapped[str] = mapped_column(default="staff")
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    end_reason: Mapped[str] = mapped_column(default="")


class ClaimMove(Row, Base):
    """A claim that a merge ended, and when it would have; or, not ended, the one that went on in its place."""

    __tablename__ = "claim_move"

    merge_id: Mapped[UUID]
    claim_id: Mapped[UUID]
    end_time: Mapped[datetime]
    ended: Mapped[bool]


class Arbitration(Row, Base):
    """A decision between claimants; never changed."""

    __tablename__ = "arbitration"

    lead_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    loser_id: Mapped[UUID | None]
    loser_kind: Mapped[str]
    winner_id: Mapped[UUID]
    winner_kind: Mapped[str]
    claim_id: Mapped[UUID]
    reason: Mapped[str]
    staff_id: Mapped[UUID | None]
