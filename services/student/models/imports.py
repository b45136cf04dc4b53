"""Files of students."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, synonym

from services.student.models.base import Base
from shared.crypto import Sealed
from shared.tables import CampusRow, Row


class StudentImport(Row, Base):
    """One file. `campus_id` takes the rows that name no campus; `scope_campuses` limits where rows may go.

    `columns` are [header, field] in their order; the bytes stand in base64 until the worker has read them.
    """

    __tablename__ = "student_import"

    campus_id: Mapped[UUID | None]
    scope_campuses: Mapped[list[UUID] | None]
    file_name: Mapped[str]
    dry_run: Mapped[bool]
    columns: Mapped[list[Any]] = mapped_column(JSONB)
    header_line: Mapped[int]
    state: Mapped[str]
    error_reason: Mapped[str]
    total: Mapped[int]
    created: Mapped[int]
    known: Mapped[int]
    rejected: Mapped[int]
    staff_id: Mapped[UUID]
    finish_time: Mapped[datetime | None]
    # Figures of the openings of its rows; hours in hundredths.
    opening_count: Mapped[int]
    opening_hundredths: Mapped[int]
    opening_gift_hundredths: Mapped[int]
    opening_fen: Mapped[int]
    undo: Mapped[str]
    undo_reason: Mapped[str]
    content_sealed: Mapped[bytes | None]

    content = Sealed("content_sealed")


class StudentImportBatch(Row, Base):
    """Rows that were read and wait to be taken in: JSON of [[line, [cell, ...]], ...]."""

    __tablename__ = "student_import_batch"

    import_id: Mapped[UUID]
    number: Mapped[int]
    rows_sealed: Mapped[bytes]

    rows = Sealed("rows_sealed")


class StudentImportRow(Base):
    """What became of one line of a file."""

    __tablename__ = "student_import_row"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    student_id: Mapped[UUID | None]
    reason: Mapped[str]
    field: Mapped[str]
    id = synonym("line")


class ImportedOpening(CampusRow, Base):
    """Hours of a course that a row brought; `fingerprint` is what it says of them, `undone` that they went out."""

    __tablename__ = "imported_opening"

    import_id: Mapped[UUID]
    student_id: Mapped[UUID]
    course_id: Mapped[UUID]
    fingerprint: Mapped[str]
    undone: Mapped[bool]
