"""Seals of rows that must never change: made some time after the rows, and checked against them by command.

The last seal of each institution is signed into a file outside the database, as the heads of the audit log are: whoever
owns the database can write all of it anew, but not that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.billing.models import RowSeal
from services.billing.rules import row_seals as rules
from services.billing.rules.row_seals import SEALED, START, Window
from shared import checkpoints
from shared.caller import Caller
from shared.db import Database, Tx
from shared.settings import settings

SERVICE = "billing-rows"
# No transaction lasts as long as that: whatever comes into a window is there when it is sealed.
LAG = timedelta(minutes=15)
WINDOW = timedelta(hours=1)
# A seal holds 24 bytes of each row.
_MOST_ROWS = 20_000
_AT_ONCE = 50
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended(%(institution)s::text, 25200))"
_UTC = "set local time zone 'UTC'"
_NEXT = """select min(create_time) as first, (select create_time from {table}
    where institution_id = %(institution)s and create_time > %(start)s and create_time <= %(end)s
    order by create_time offset {most} limit 1) as many
  from {table} where institution_id = %(institution)s and create_time > %(start)s and create_time <= %(end)s"""
_DIGESTS = """select id::text, encode(substring(sha256(convert_to({row}, 'UTF8')) from 1 for {size}), 'hex')
  from {table} where institution_id = %(institution)s and create_time > %(start)s and create_time <= %(end)s"""
_AFTER = "select count(*) from {table} where institution_id = %(institution)s and create_time > %(start)s"
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Report:
    """What a verification found; no problems: every sealed row is as it was. `unsealed` rows are too young for one.

    `signed`: whether there were signatures outside the database to compare with.
    """

    rows: int = 0
    seals: int = 0
    unsealed: int = 0
    signed: bool = True
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = f"{len(self.problems)} problems" if self.problems else "intact"
        said = f"{self.rows} rows under {self.seals} seals, {self.unsealed} not yet sealed: {verdict}"
        if self.signed:
            return said
        return f"{said}; LIANXIAO_AUDIT_CHECKPOINT_DIR is not set: who writes rows and seals anew would not be noticed"


def step(database: Database, institution_id: UUID) -> bool:
    """Seal the next window of each table, and sign the last seal; returns whether more wait."""
    with database.begin(Caller.system(institution_id)) as tx:
        head, now = seal(tx), tx.now
    folder = settings().audit_checkpoint_dir
    if head is not None and folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        checkpoints.append(checkpoints.path_of(folder, SERVICE), SERVICE, {institution_id: head}, now)
    return head is not None


def seal(tx: Tx) -> tuple[int, bytes] | None:
    """Seal one window of each table that has rows to seal; returns the new head, or None when nothing was due.

    One transaction seals an institution at a time; a second one does nothing.
    """
    if not tx.run(_LOCK, {"institution": tx.institution_id}).scalar():
        return None
    tx.run(_UTC)
    last = tx.session.scalars(select(RowSeal).order_by(RowSeal.sequence.desc()).limit(1)).one_or_none()
    head = (last.sequence, bytes(last.hash)) if last else (0, START)
    before = head
    for table, columns in SEALED.items():
        window = _due(tx, table, columns)
        if window is None:
            continue
        rows = rules.packed(_digests(tx, window))
        head = (head[0] + 1, rules.chained(head[1], window, rows))
        tx.session.add(
            RowSeal(
                sequence=head[0],
                table_name=table,
                columns=list(columns),
                start_time=window.start,
                end_time=window.end,
                rows=rows,
                hash=head[1],
            )
        )
    tx.session.flush()
    return head if head != before else None


def verify(tx: Tx, folder: Path | None, report: Report) -> None:
    """Compare all seals of an institution with its rows and with what was signed outside; adds to the report."""
    tx.run(_UTC)
    report.signed = folder is not None
    name = f"institution {tx.institution_id}"
    signed = _signed(tx.institution_id, folder, report)
    sequence, previous = 0, START
    ends: dict[str, datetime] = dict.fromkeys(SEALED, _LONG_AGO)
    for row in _seals(tx):
        window = Window(row.table_name, tuple(row.columns), row.start_time, row.end_time)
        stored = bytes(row.rows)
        if row.sequence != sequence + 1:
            report.problems.append(f"{name}: seals {sequence + 1} to {row.sequence - 1} are missing")
        if rules.chained(previous, window, stored) != bytes(row.hash):
            report.problems.append(f"{name}: seal {row.sequence} does not follow from what it covers")
        if window.start != ends[window.table]:
            report.problems.append(f"{name}: seal {row.sequence} leaves time of {window.table} out")
        if signed.get(row.sequence, bytes(row.hash)) != bytes(row.hash):
            report.problems.append(f"{name}: seal {row.sequence} is not the one that was signed")
        report.problems += [f"{name}: {each}" for each in _wrong(tx, window, stored)]
        sequence, previous, ends[window.table] = row.sequence, bytes(row.hash), window.end
        report.seals += 1
        report.rows += len(rules.unpacked(stored))
    if max(signed, default=0) > sequence:
        report.problems.append(f"{name}: seals {sequence + 1} to {max(signed)} were signed and are gone")
    for table, end in ends.items():
        report.unsealed += tx.run(_AFTER.format(table=table), _between(tx, end, end)).scalar() or 0


def _seals(tx: Tx) -> Iterator[RowSeal]:
    """Yield the seals of an institution in their order, a few at a time."""
    last = 0
    while True:
        some = select(RowSeal).where(RowSeal.sequence > last).order_by(RowSeal.sequence).limit(_AT_ONCE)
        found = tx.session.scalars(some).all()
        yield from found
        if len(found) < _AT_ONCE:
            return
        last = found[-1].sequence
        tx.session.expunge_all()


def _wrong(tx: Tx, window: Window, stored: bytes) -> Iterator[str]:
    found = rules.compare(rules.unpacked(stored), _digests(tx, window))
    for what, keys in zip(("was changed", "is missing", "came in afterwards"), found, strict=True):
        for key in keys:
            yield f"{window.table} {key} {what}"


def _due(tx: Tx, table: str, columns: tuple[str, ...]) -> Window | None:
    """Return the next window of a table: up to an hour, or as many rows as a seal holds; empty hours are skipped."""
    mine = select(RowSeal.end_time).where(RowSeal.table_name == table).order_by(RowSeal.sequence.desc()).limit(1)
    start = tx.session.scalars(mine).one_or_none() or _LONG_AGO
    until = tx.now - LAG
    first = tx.run(_NEXT.format(table=table, most=_MOST_ROWS), _between(tx, start, until)).one().first
    if first is None:
        return None
    end = min(until, first + WINDOW)
    many = tx.run(_NEXT.format(table=table, most=_MOST_ROWS), _between(tx, start, end)).one().many
    # Rows of one instant stay together.
    return Window(table, columns, start, max(first, many) if many is not None else end)


def _digests(tx: Tx, window: Window) -> dict[UUID, bytes]:
    query = _DIGESTS.format(row=rules.row_sql(window.columns), size=rules.DIGEST_BYTES, table=window.table)
    rows: Any = tx.run(query, _between(tx, window.start, window.end))
    return {UUID(key): bytes.fromhex(digest) for key, digest in rows}


def _between(tx: Tx, start: datetime, end: datetime) -> dict[str, Any]:
    return {"institution": str(tx.institution_id), "start": start, "end": end}


def _signed(institution_id: UUID, folder: Path | None, report: Report) -> Mapping[int, bytes]:
    if folder is None:
        return {}
    found = checkpoints.read(checkpoints.path_of(folder, SERVICE), SERVICE, problems=report.problems)
    return {each.sequence: bytes.fromhex(each.hash) for each in found if each.institution_id == institution_id}
