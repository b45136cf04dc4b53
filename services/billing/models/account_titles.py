"""What an institution calls the accounts of its books."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class AccountTitle(Row, Base):
    """A number and names of the institution's own for one account; without a row those of the shipped chart hold."""

    __tablename__ = "account_title"

    code: Mapped[str]
    number: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    staff_id: Mapped[UUID]
