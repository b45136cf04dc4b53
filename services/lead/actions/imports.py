"""Files of enquiries: created, filled with bytes, started, watched, cancelled. Who reads them: import_files.py."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from openpyxl.utils import get_column_letter
from sqlalchemy import delete, select

from services.lead.actions import bulk, campuses, staff
from services.lead.models import Import, ImportBatch, ImportPart, ImportRow
from services.lead.rules import headers
from shared import spreadsheets
from shared.caller import NOBODY
from shared.db import Tx
from shared.errors import InvalidInput, Refused
from shared.file_headers import Columns
from shared.listing import Field, Listing

OPEN, WAITING, RUNNING, DONE, CANCELLED, FAILED = "open", "waiting", "running", "done", "cancelled", "failed"
LARGEST_BYTES = 32 << 20
_TITLE_ROWS = 10

LISTING: Listing[Import] = Listing(
    Import,
    fields={
        "create_time": Field(Import.create_time),
        "state": Field(Import.state, prefix="IMPORT_STATE_", sortable=False),
        "campus_id": Field(Import.campus_id, sortable=False),
    },
)
ROWS: Listing[ImportRow] = Listing(
    ImportRow,
    fields={
        "line": Field(ImportRow.line),
        "outcome": Field(ImportRow.outcome, prefix="IMPORT_OUTCOME_", sortable=False),
    },
    default_order="line",
)


@dataclass(frozen=True, slots=True)
class Details:
    """What is said about a file before its bytes come."""

    file_name: str
    campus_id: UUID | None = None
    source: str = "import"
    campaign_id: UUID | None = None
    dry_run: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)


def create(tx: Tx, details: Details) -> Import:
    """Open an import. Raises CAMPUS_NOT_FOUND, CAMPUS_CLOSED, and InvalidInput for other files than CSV and XLSX."""
    if not details.file_name.casefold().endswith((".csv", ".xlsx")):
        raise InvalidInput("file_name", "send a CSV or XLSX file", reason="FILE_KIND")
    if details.campus_id is not None:
        campuses.check_open(tx, details.campus_id)
    elif tx.scope.campuses is not None:
        raise InvalidInput("campus_id", "name the campus of the rows; only the chain imports for all")
    _check_mapping(details.mapping)
    row = bulk.fresh(
        tx,
        Import,
        campus_id=details.campus_id,
        scope_campuses=None if tx.scope.campuses is None else sorted(tx.scope.campuses),
        file_name=details.file_name,
        source=details.source,
        campaign_id=details.campaign_id,
        dry_run=details.dry_run,
        mapping=dict(details.mapping),
        columns=[],
        header_line=0,
        state=OPEN,
        error_reason="",
        size_bytes=0,
        total=0,
        created=0,
        merged=0,
        in_review=0,
        rejected=0,
        staff_id=staff.actor(tx) or NOBODY,
    )
    tx.session.add(row)
    return row


def get(tx: Tx, import_id: UUID, *, for_update: bool = False) -> Import:
    """Return an import. Raises IMPORT_NOT_FOUND, also for those of other campuses."""
    return tx.load(Import, "import", import_id, for_update=for_update)


def append(tx: Tx, import_id: UUID, *, offset: int, data: bytes) -> Import:
    """Add the next bytes; a part that came before is left alone.

    Raises IMPORT_STARTED, IMPORT_GAP with the offset that is expected, InvalidInput FILE_TOO_LARGE.
    """
    row = _get_open(tx, import_id)
    if offset != row.size_bytes:
        same = (ImportPart.import_id == row.id, ImportPart.start_byte == offset, ImportPart.size_bytes == len(data))
        if tx.session.scalars(select(ImportPart.id).where(*same)).one_or_none() is None:
            raise Refused("IMPORT_GAP", "these bytes do not follow what was received", expected_offset=row.size_bytes)
        return row
    if offset + len(data) > LARGEST_BYTES:
        raise InvalidInput(
            "data", "the file is too large; split it", reason="FILE_TOO_LARGE", limit_bytes=LARGEST_BYTES
        )
    part = bulk.fresh(tx, ImportPart, import_id=row.id, start_byte=offset, size_bytes=len(data))
    ImportPart.content.seal(tx, part, base64.b64encode(data).decode())
    tx.session.add(part)
    row.size_bytes += len(data)
    return row


def start(tx: Tx, import_id: UUID, *, mapping: Mapping[str, str]) -> Import:
    """Check the header and hand the file to the worker.

    Raises IMPORT_STARTED, InvalidInput IMPORT_HEADERS_UNKNOWN with a proposal, InvalidInput FILE_* for bad files.
    """
    row = _get_open(tx, import_id)
    _check_mapping(mapping)
    chosen = {str(key): str(value) for key, value in row.mapping.items()} | dict(mapping)
    try:
        first = list(islice(spreadsheets.rows(content(tx, row), row.file_name), _TITLE_ROWS))
    except spreadsheets.Unreadable as error:
        raise InvalidInput("data", str(error), reason=error.reason) from error
    if not first:
        raise InvalidInput("data", "the file has no rows", reason="FILE_EMPTY")
    row.header_line, columns = headers.CATALOGUE.find(first, chosen)
    if columns.missing:
        raise _unknown(columns)
    if first[-1][0] == row.header_line:
        raise InvalidInput("data", "the file has a header and no rows", reason="FILE_EMPTY")
    row.columns = [list(pair) for pair in zip(columns.headers, columns.fields, strict=True)]
    row.mapping, row.state = chosen, WAITING
    return row


def letters(row: Import) -> dict[str, str]:
    """Return the column of each field as a spreadsheet calls it, such as B."""
    return {name: get_column_letter(place) for place, (_, name) in enumerate(row.columns, start=1) if name}


def cancel(tx: Tx, import_id: UUID) -> Import:
    """Stop an import; rows taken in stay. Raises IMPORT_FINISHED."""
    row = get(tx, import_id, for_update=True)
    if row.state not in (OPEN, WAITING, RUNNING):
        raise Refused("IMPORT_FINISHED", "this import is over", state=row.state)
    finish(tx, row, CANCELLED)
    return row


def finish(tx: Tx, row: Import, state: str, reason: str = "") -> None:
    """End an import and forget the file: what was taken in stands in the touches."""
    row.state, row.error_reason, row.finish_time = state, reason, tx.now
    for model in (ImportPart, ImportBatch):
        tx.execute(delete(model).where(model.import_id == row.id))


def content(tx: Tx, row: Import) -> bytes:
    """Return the bytes of a file."""
    parts = tx.session.scalars(select(ImportPart).where(ImportPart.import_id == row.id).order_by(ImportPart.start_byte))
    return b"".join(base64.b64decode(ImportPart.content.reveal(tx, part) or "") for part in parts)


def _get_open(tx: Tx, import_id: UUID) -> Import:
    row = get(tx, import_id, for_update=True)
    if row.state != OPEN:
        raise Refused("IMPORT_STARTED", "this import takes no more data", state=row.state)
    return row


def _check_mapping(mapping: Mapping[str, str]) -> None:
    for header, name in mapping.items():
        if name and name not in headers.SYNONYMS:
            known = ", ".join(headers.SYNONYMS)
            raise InvalidInput(
                "mapping", f"{header}: there is no field {name}; name one of {known}", reason="FIELD_UNKNOWN"
            )


def _unknown(columns: Columns) -> InvalidInput:
    free = [header for header, name in zip(columns.headers, columns.fields, strict=True) if header and not name]
    return InvalidInput(
        "mapping",
        "say which columns hold the child's name and the guardian's phone",
        reason="IMPORT_HEADERS_UNKNOWN",
        missing=",".join(columns.missing),
        unknown=json.dumps(free, ensure_ascii=False),
        proposal=json.dumps(columns.proposal, ensure_ascii=False),
    )
