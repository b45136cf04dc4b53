"""What all tables of student share."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.tables import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES
