"""The base of all tables of billing. Amounts are integer fen, quantities hundredths of a lesson hour.

Entries, payments, journals and split rows are append-only: the app role has no UPDATE and no DELETE on them.
"""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.tables import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
