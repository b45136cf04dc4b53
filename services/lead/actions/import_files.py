"""The worker's part of an import: read the file once, then take its rows in, a batch per transaction.

A crash anywhere rolls one step back and the next run repeats exactly that step: a batch is deleted in the transaction
that takes its rows in. A file read to the end is not read again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from services.lead.actions import bulk, campuses, guardian_consents, imports, intake, known
from services.lead.actions.guardian_consents import Gate
from services.lead.actions.intake import Arrival
from services.lead.actions.known import Known
from services.lead.models import Import, ImportBatch, ImportRow
from services.lead.rules import rows
from services.lead.rules.matching import Verdict
from shared import file_cells, spreadsheets
from shared.crypto import blind_index
from shared.db import Tx
from shared.file_headers import plain

BATCH_ROWS = 500

CREATED, MERGED, IN_REVIEW, REJECTED = "created", "merged", "in_review", "rejected"
_OUTCOMES = {Verdict.NEW: CREATED, Verdict.ATTACH: MERGED, Verdict.REVIEW: IN_REVIEW}
_NEXT = (
    select(Import)
    .where(Import.state.in_((imports.WAITING, imports.RUNNING)))
    .order_by(Import.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)


@dataclass(slots=True)
class Line:
    """One row on its way: `arrival` unless it was rejected or is known already."""

    number: int
    row_key: bytes | None = None
    arrival: Arrival | None = None
    outcome: str = ""
    lead_id: UUID | None = None
    reason: str = ""
    field: str = ""


def step(tx: Tx) -> bool:
    """Do the next step of the oldest import that waits; say whether there may be more."""
    row = tx.session.scalars(_NEXT).one_or_none()
    if row is None:
        return False
    if row.state == imports.WAITING:
        _read(tx, row)
    elif row.dry_run:
        _rehearse(tx, row)
    else:
        _take_next(tx, row)
    return True


def _read(tx: Tx, row: Import) -> None:
    """Cut the file into batches, or fail it as a whole."""
    lines = spreadsheets.rows(imports.content(tx, row), row.file_name)
    try:
        data = ([line, list(cells)] for line, cells in lines if line > row.header_line)
        for number, some in enumerate(_chunks(data, BATCH_ROWS)):
            batch = bulk.fresh(tx, ImportBatch, import_id=row.id, number=number)
            ImportBatch.rows.seal(tx, batch, json.dumps(some, ensure_ascii=False))
            tx.session.add(batch)
            tx.session.flush()
            row.total += len(some)
    except spreadsheets.Unreadable as error:
        row.total = 0
        imports.finish(tx, row, imports.FAILED, error.reason)
        return
    row.state = imports.RUNNING


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def _take_next(tx: Tx, row: Import) -> None:
    """Take the next batch in."""
    mine = select(ImportBatch).where(ImportBatch.import_id == row.id).order_by(ImportBatch.number).limit(1)
    batch = tx.session.scalars(mine).one_or_none()
    if batch is None:
        imports.finish(tx, row, imports.DONE)
        return
    lines = _lines(tx, row, batch)
    fresh = [line for line in lines if line.arrival is not None]
    first = {line.row_key: line for line in reversed(fresh)}
    once = [line for line in fresh if first[line.row_key] is line]
    taken = intake.take_in(tx, [line.arrival for line in once if line.arrival is not None])
    for line, result in zip(once, taken, strict=True):
        line.outcome, line.lead_id = _OUTCOMES[result.verdict], result.lead.id
    for line in fresh:
        if not line.outcome:
            line.outcome, line.reason, line.lead_id = MERGED, "ROW_KNOWN", first[line.row_key].lead_id
    _note(tx, row, lines)
    tx.execute(delete(ImportBatch).where(ImportBatch.id == batch.id))


def _rehearse(tx: Tx, row: Import) -> None:
    """Judge the whole file in one go, because nothing but memory tells that two of its rows are one child."""
    found, seen = Known(), set[bytes | None]()
    mine = select(ImportBatch).where(ImportBatch.import_id == row.id).order_by(ImportBatch.number)
    for batch in tx.session.scalars(mine):
        lines = _lines(tx, row, batch)
        fresh = [line for line in lines if line.arrival is not None and line.row_key not in seen]
        arrivals = [line.arrival for line in fresh if line.arrival is not None]
        found.absorb(known.load(tx, intake.persons(arrivals), lock=False)[0])
        for line, verdict in zip(fresh, intake.judge(tx, arrivals, found), strict=True):
            line.outcome = MERGED if line.row_key in seen else _OUTCOMES[verdict]
            seen.add(line.row_key)
        for line in lines:
            line.outcome = line.outcome or MERGED
            line.lead_id = line.row_key = None
        _note(tx, row, lines)
    imports.finish(tx, row, imports.DONE)


def _lines(tx: Tx, row: Import, batch: ImportBatch) -> list[Line]:
    """Read the rows of a batch, reject what cannot be taken in, and recognise what came before."""
    by_name, gate = campuses.open_by_name(tx), Gate(tx)
    lines = []
    for number, cells in json.loads(ImportBatch.rows.reveal(tx, batch) or "[]"):
        line = Line(number)
        try:
            line.arrival = _arrival(tx, row, by_name, gate, cells)
            line.row_key = blind_index(tx, "import_row", json.dumps([row.source, str(line.arrival.campus_id), cells]))
        except file_cells.Rejected as rejected:
            line.outcome, line.reason, line.field = REJECTED, rejected.reason, rejected.field
        lines.append(line)
    wanted = sorted({line.row_key for line in lines if line.row_key is not None})
    query = select(ImportRow.row_key, ImportRow.lead_id).where(ImportRow.row_key.in_(wanted))
    before = {bytes(found.row_key): found.lead_id for found in tx.execute(query)}
    for line in lines:
        if line.row_key in before:
            line.arrival, line.outcome, line.reason, line.lead_id = None, MERGED, "ROW_KNOWN", before[line.row_key]
            line.row_key = None
    return lines


def _arrival(tx: Tx, row: Import, by_name: Mapping[str, UUID], gate: Gate, cells: Sequence[str]) -> Arrival:
    """Return a row as an enquiry. Raises Rejected."""
    pairs = list(zip(row.columns, cells, strict=False))
    told = {field: cell for (_, field), cell in pairs if field}
    for field, cell in told.items():
        if cell == spreadsheets.UNCOMPUTED:
            raise file_cells.Rejected("FORMULA_NOT_COMPUTED", field)
    enquiry = rows.parse(told, today=tx.now.date())
    source = file_cells.clean(told.get("source", "")) or row.source
    consent = guardian_consents.told(enquiry.guardian_consent, "paper", told, tx.now)
    if gate.lacks(enquiry.birth_date, consent.decide_time if consent else None):
        raise file_cells.Rejected("GUARDIAN_CONSENT_NEEDED", "guardian_consent")
    return Arrival(
        enquiry=enquiry,
        campus_id=_campus(row, by_name, file_cells.clean(told.get("campus", ""))),
        source=source,
        payload={
            header or f"column {index + 1}": cell
            for index, ((header, field), cell) in enumerate(pairs)
            if cell and (field or cell != spreadsheets.UNCOMPUTED)
        },
        campaign_id=row.campaign_id,
        courses=tuple(
            {"course_id": "", "name": name, "level": "", "preferred_times": []} for name in enquiry.course_names
        ),
        import_id=row.id,
        consent=consent,
    )


def _campus(row: Import, by_name: Mapping[str, UUID], name: str) -> UUID:
    campus_id = by_name.get(plain(name)) if name else row.campus_id
    if campus_id is None:
        raise file_cells.Rejected("CAMPUS_UNKNOWN" if name else "CAMPUS_MISSING", "campus")
    if campus_id not in by_name.values():
        raise file_cells.Rejected("CAMPUS_CLOSED", "campus")
    if row.scope_campuses is not None and campus_id not in row.scope_campuses:
        raise file_cells.Rejected("CAMPUS_UNKNOWN", "campus")
    return campus_id


def _note(tx: Tx, row: Import, lines: Sequence[Line]) -> None:
    """Record what became of each line, and count."""
    results = [
        ImportRow(
            institution_id=tx.institution_id,
            import_id=row.id,
            line=line.number,
            outcome=line.outcome,
            lead_id=line.lead_id,
            reason=line.reason,
            field=line.field,
            row_key=line.row_key,
        )
        for line in lines
    ]
    bulk.insert(tx, {ImportRow: results})
    counted = Counter(line.outcome for line in lines)
    row.created += counted[CREATED]
    row.merged += counted[MERGED]
    row.in_review += counted[IN_REVIEW]
    row.rejected += counted[REJECTED]
