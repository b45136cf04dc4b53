"""Seals of rows that must never change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped

from services.billing.models.base import Base
from shared.tables import Row


class RowSeal(Row, Base):
    """What the rows of a table within a window of time were; `rows` as rules/row_seals.py packs them."""

    __tablename__ = "row_seal"

    sequence: Mapped[int]
    table_name: Mapped[str]
    columns: Mapped[list[str]]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    rows: Mapped[bytes]
    hash: Mapped[bytes]
