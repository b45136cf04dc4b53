"""Files of students: taken, watched, cancelled. Who reads them: student_import_rows.py (ST-24)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from itertools import islice
from uuid import UUID

from openpyxl.utils import get_column_letter
from sqlalchemy import delete

from services.student.models import Campus, StudentImport, StudentImportBatch, StudentImportRow
from services.student.rules import student_rows as rules
from shared import spreadsheets
from shared.db import Tx
from shared.errors import InvalidInput, NotFound, Refused
from shared.file_headers import Columns
from shared.ids import uuid7
from shared.listing import Field, Listing

WAITING, RUNNING, DONE, CANCELLED, FAILED = "waiting", "running", "done", "cancelled", "failed"
_TITLE_ROWS = 10
LISTING: Listing[StudentImport] = Listing(
    StudentImport,
    fields={
        "create_time": Field(StudentImport.create_time),
        "state": Field(StudentImport.state, prefix="STUDENT_IMPORT_STATE_", sortable=False),
        "campus_id": Field(StudentImport.campus_id, sortable=False),
    },
)
ROWS: Listing[StudentImportRow] = Listing(
    StudentImportRow,
    fields={
        "line": Field(StudentImportRow.line),
        "outcome": Field(StudentImportRow.outcome, prefix="STUDENT_IMPORT_OUTCOME_", sortable=False),
        "reason": Field(StudentImportRow.reason, sortable=False),
    },
    default_order="line",
)


def create(
    tx: Tx, *, file_name: str, data: bytes, campus_id: UUID | None, dry_run: bool, mapping: Mapping[str, str]
) -> StudentImport:
    """Check the header of a file and hand it to the worker.

    Raises CAMPUS_NOT_FOUND, InvalidInput FILE_KIND and what else is wrong with the file, FIELD_UNKNOWN, and
    IMPORT_HEADERS_UNKNOWN with a proposal.
    """
    if not file_name.casefold().endswith((".csv", ".xlsx")):
        raise InvalidInput("file_name", "send a CSV or XLSX file", reason="FILE_KIND")
    _check_campus(tx, campus_id)
    header_line, columns = _columns(data, file_name, mapping)
    row = StudentImport(
        id=uuid7(),
        campus_id=campus_id,
        scope_campuses=None if tx.scope.campuses is None else sorted(tx.scope.campuses),
        file_name=file_name,
        dry_run=dry_run,
        columns=[list(pair) for pair in zip(columns.headers, columns.fields, strict=True)],
        header_line=header_line,
        state=WAITING,
        error_reason="",
        total=0,
        created=0,
        known=0,
        rejected=0,
        opening_count=0,
        opening_hundredths=0,
        opening_gift_hundredths=0,
        opening_fen=0,
        undo="",
        undo_reason="",
        staff_id=tx.caller.subject_id,
    )
    StudentImport.content.seal(tx, row, base64.b64encode(data).decode())
    tx.session.add(row)
    tx.session.flush()
    tx.audit("student_import.create", "student_import", row.id, dry_run=dry_run)
    return row


def get(tx: Tx, import_id: UUID, *, for_update: bool = False) -> StudentImport:
    """Return an import; raises NotFound."""
    return tx.load(StudentImport, "student_import", import_id, for_update=for_update)


def cancel(tx: Tx, import_id: UUID) -> StudentImport:
    """Stop an import; rows taken in stay. Raises Refused IMPORT_FINISHED."""
    row = get(tx, import_id, for_update=True)
    if row.state not in {WAITING, RUNNING}:
        raise Refused("IMPORT_FINISHED", "this import is over", state=row.state)
    finish(tx, row, CANCELLED)
    return row


def finish(tx: Tx, row: StudentImport, state: str, reason: str = "") -> None:
    """End an import and forget the file."""
    row.state, row.error_reason, row.finish_time = state, reason, tx.now
    row.content_sealed = None
    tx.session.flush()
    tx.execute(delete(StudentImportBatch).where(StudentImportBatch.import_id == row.id))


def content(tx: Tx, row: StudentImport) -> bytes:
    """Return the bytes of a file that is not read yet."""
    return base64.b64decode(StudentImport.content.reveal(tx, row) or "")


def letters(row: StudentImport) -> dict[str, str]:
    """Return the column of each field as a spreadsheet calls it, such as B."""
    return {name: get_column_letter(place) for place, (_, name) in enumerate(row.columns, start=1) if name}


def _check_campus(tx: Tx, campus_id: UUID | None) -> None:
    if campus_id is None:
        if tx.scope.campuses is not None:
            raise InvalidInput("campus_id", "name the campus of the rows; only the chain imports for all")
        return
    tx.check_campus(campus_id)
    campus = tx.session.get(Campus, (tx.institution_id, campus_id))
    if campus is None or not campus.active:
        raise NotFound("campus", campus_id)


def _columns(data: bytes, file_name: str, mapping: Mapping[str, str]) -> tuple[int, Columns]:
    for header, name in mapping.items():
        if name and name not in rules.SYNONYMS:
            known = ", ".join(rules.SYNONYMS)
            raise InvalidInput(
                "mapping", f"{header}: there is no field {name}; name one of {known}", reason="FIELD_UNKNOWN"
            )
    try:
        first = list(islice(spreadsheets.rows(data, file_name), _TITLE_ROWS))
    except spreadsheets.Unreadable as error:
        raise InvalidInput("data", str(error), reason=error.reason) from error
    if not first:
        raise InvalidInput("data", "the file has no rows", reason="FILE_EMPTY")
    line, columns = rules.CATALOGUE.find(first, mapping)
    if columns.missing:
        free = [header for header, name in zip(columns.headers, columns.fields, strict=True) if header and not name]
        raise InvalidInput(
            "mapping",
            "say which columns hold the child's name and the guardian's phone",
            reason="IMPORT_HEADERS_UNKNOWN",
            missing=",".join(columns.missing),
            unknown=json.dumps(free, ensure_ascii=False),
            proposal=json.dumps(columns.proposal, ensure_ascii=False),
        )
    if first[-1][0] == line:
        raise InvalidInput("data", "the file has a header and no rows", reason="FILE_EMPTY")
    return line, columns
