"""Files of enquiries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, synonym

from services.lead.models.base import Base
from shared.crypto import Sealed
from shared.tables import Row


class Import(Row, Base):
    """One file. `campus_id` takes the rows that name no campus; `scope_campuses` limits where rows may go.

    `mapping` is what the user chose, header -> field; `columns` what came of it, [header, field] in their order.
    """

    __tablename__ = "lead_import"

    campus_id: Mapped[UUID | None]
    scope_campuses: Mapped[list[UUID] | None]
    file_name: Mapped[str]
    source: Mapped[str]
    campaign_id: Mapped[UUID | None]
    dry_run: Mapped[bool]
    mapping: Mapped[dict[str, Any]]
    columns: Mapped[list[list[str]]] = mapped_column(JSONB)
    header_line: Mapped[int]
    state: Mapped[str]
    error_reason: Mapped[str]
    size_bytes: Mapped[int]
    total: Mapped[int]
    created: Mapped[int]
    merged: Mapped[int]
    in_review: Mapped[int]
    rejected: Mapped[int]
    staff_id: Mapped[UUID]
    finish_time: Mapped[datetime | None]


class ImportPart(Row, Base):
    """Bytes of a file in base64, until the import is over."""

    __tablename__ = "import_part"

    import_id: Mapped[UUID]
    start_byte: Mapped[int]
    size_bytes: Mapped[int]
    content_sealed: Mapped[bytes]

    content = Sealed("content_sealed")


class ImportBatch(Row, Base):
    """Rows that were read and wait to be taken in: JSON of [[line, [cell, ...]], ...]."""

    __tablename__ = "import_batch"

    import_id: Mapped[UUID]
    number: Mapped[int]
    rows_sealed: Mapped[bytes]

    rows = Sealed("rows_sealed")


class ImportRow(Base):
    """What became of one line of a file. `row_key` recognises a row that any file has brought before."""

    __tablename__ = "import_row"

    institution_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    lead_id: Mapped[UUID | None]
    reason: Mapped[str]
    field: Mapped[str]
    row_key: Mapped[bytes | None]
    id = synonym("line")
