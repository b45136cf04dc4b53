"""What billing knows of the campuses, and the version of its rules."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.base import Base
from shared.tables import Row


class Campus(Row, Base):
    """What billing knows of a campus; follows CampusChanged."""

    __tablename__ = "campus"

    name: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool]
    region_id: Mapped[UUID | None]


class PartnerRegistration(Row, Base):
    """A customer that lead granted to a channel partner, by the id of the registration; follows CustomerRegistered."""

    __tablename__ = "partner_registration"

    customer_id: Mapped[UUID]
    partner_id: Mapped[UUID]


class Rulebook(Row, Base):
    """One row per institution; `version` grows with every change of what consumption reads beside lots."""

    __tablename__ = "rulebook"

    version: Mapped[int]
    thresholds_hundredths: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
