"""Organisations that buy lessons for their people."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class Organisation(Row, Base):
    """An enterprise customer; `plain_name` is what makes two names the same. `staff_id` is who named it."""

    __tablename__ = "organisation"

    name: Mapped[str]
    plain_name: Mapped[str]
    registration_code: Mapped[str] = mapped_column(default="")
    industry: Mapped[str] = mapped_column(default="")
    remark_sealed: Mapped[bytes | None]
    staff_id: Mapped[UUID | None]

    remark = Sealed("remark_sealed")
