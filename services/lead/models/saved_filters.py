"""Lists of leads that people come back to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.lead.models.base import Base
from shared.tables import Row


class SavedFilter(Row, Base):
    """A filter and an order of leads under a name; `sharing` is "private", "campus" or "institution"."""

    __tablename__ = "saved_filter"

    name: Mapped[str]
    filter: Mapped[str]
    order_by: Mapped[str]
    sharing: Mapped[str]
    campus_id: Mapped[UUID | None]
    staff_id: Mapped[UUID]
    removed: Mapped[bool]
