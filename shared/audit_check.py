"""Recompute the audit chains of one database and compare them with the checkpoints outside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from shared import checkpoints
from shared.db import Database, Tx

# What is hashed: the row as PostgreSQL writes it, which quotes every part; the time as a number has no time zone.
CANONICAL = (
    "case when e.id is not null then row(e.institution_id, e.id, extract(epoch from e.time), e.actor_id, e.actor_kind,"
    " e.action, e.subject_kind, e.subject_id, e.facts, e.trace_id)::text end"
)
START = bytes(32)
_FETCH = 5000
# Sealed rows that are older than this and that no checkpoint covers mean that checkpoints were taken away.
_LATE = timedelta(minutes=10)
# A loose index scan: one step per institution, however many rows there are.
INSTITUTIONS = (
    "with recursive w (id) as ((select institution_id from {table} order by institution_id limit 1) union all"
    " select (select institution_id from {table} where institution_id > w.id order by institution_id limit 1)"
    " from w where w.id is not null) select id::text from w where id is not null"
)
# As text: the driver takes four times as long to read a bytea or a uuid.
_SEAL = "s.sequence, s.entry_id::text, encode(s.previous_hash, 'hex'), encode(s.hash, 'hex')"
_CHAIN = (
    f"select {_SEAL}, {CANONICAL} from audit_seal s"  # noqa: S608 - constants of ours
    " left join audit_entry e on e.institution_id = s.institution_id and e.id = s.entry_id"
    " where s.institution_id = %s order by s.sequence"
)
_UNSEALED = (
    "select e.id from audit_entry e where e.institution_id = %s"
    " and not exists (select from audit_seal s where s.institution_id = e.institution_id and s.entry_id = e.id)"
    " and not exists (select from audit_queue q where q.institution_id = e.institution_id and q.entry_id = e.id)"
    " order by e.id"
)
_UNCOVERED = (
    "select min(e.time) from audit_seal s join audit_entry e on e.institution_id = s.institution_id"
    " and e.id = s.entry_id where s.institution_id = %s and s.sequence > %s"
)


@dataclass(slots=True)
class Report:
    """What a verification found; no problems means that nothing was changed since the last checkpoint."""

    service: str
    rows: int = 0
    institutions: int = 0
    checkpoints: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = f"{len(self.problems)} problems" if self.problems else "intact"
        return (
            f"{self.service}: {self.rows} sealed entries of {self.institutions} institutions,"
            f" {self.checkpoints} checkpoints: {verdict}"
        )


class _Chain:
    """Follows one institution's chain, row by row."""

    def __init__(self, report: Report, institution_id: UUID, expected: dict[int, str]) -> None:
        self._report = report
        self._name = f"{report.service}: institution {institution_id}"
        self._expected = expected
        self._previous = START.hex()
        self.sequence = 0

    def follow(self, rows: Sequence[Any]) -> None:
        """Check sealed rows; after a wrong one the chain is followed on from what is stored."""
        sha256, expected = hashlib.sha256, self._expected
        for sequence, entry_id, previous, digest, content in rows:
            if sequence != self.sequence + 1:
                self.blame(f"seals {self.sequence + 1} to {sequence - 1} are missing")
            elif previous != self._previous:
                self.blame(f"seal {sequence} does not continue seal {self.sequence}")
            if content is None:
                self.blame(f"audit entry {entry_id} (seal {sequence}) is missing")
            elif sha256(bytes.fromhex(previous) + content.encode()).hexdigest() != digest:
                self.blame(f"audit entry {entry_id} (seal {sequence}) was changed")
            if sequence in expected and expected[sequence] != digest:
                self.blame(f"seal {sequence} differs from its checkpoint: the chain was written anew")
            self.sequence, self._previous = sequence, digest

    def finish(self) -> None:
        """Compare the end with the checkpoints."""
        last = max(self._expected, default=0)
        if last > self.sequence:
            self.blame(f"the tail is missing: {self.sequence} seals, but {last} were checkpointed")

    def blame(self, text: str) -> None:
        """Report one wrong row."""
        self._report.problems.append(f"{self._name}: {text}")


def verify(service: str, database: Database, folder: Path | None) -> Report:
    """Recompute all chains of a service; every changed, swapped, added or missing row is one problem."""
    report = Report(service)
    expected = _expected(report, folder)
    # Not as a read of ours, of which each statement is its own transaction: a cursor needs one that lasts.
    with database.system() as tx:
        tx.run("set transaction read only; set local statement_timeout = 0; set local work_mem = '128MB'")
        found = {
            who for table in ("audit_seal", "audit_entry") for who in tx.run(INSTITUTIONS.format(table=table)).scalars()
        }
        for who in sorted(found | {str(each) for each in expected}):
            _follow(tx, report, UUID(who), expected.get(UUID(who), {}), must_be_covered=folder is not None)
    return report


def _expected(report: Report, folder: Path | None) -> dict[UUID, dict[int, str]]:
    expected: dict[UUID, dict[int, str]] = {}
    if folder is None:
        return expected
    path = checkpoints.path_of(folder, report.service)
    for each in checkpoints.read(path, report.service, problems=report.problems):
        report.checkpoints += 1
        known = expected.setdefault(each.institution_id, {})
        if known.setdefault(each.sequence, each.hash) != each.hash:
            report.problems.append(
                f"{report.service}: institution {each.institution_id}: two checkpoints of seal {each.sequence} differ"
            )
    return expected


def _follow(tx: Tx, report: Report, institution_id: UUID, expected: dict[int, str], *, must_be_covered: bool) -> None:
    """Follow one institution's chain, and look for entries that are neither in it nor waiting for it."""
    who = str(institution_id)
    chain = _Chain(report, institution_id, expected)
    for rows in _batches(tx, who):
        chain.follow(rows)
        report.rows += len(rows)
    chain.finish()
    for entry_id in tx.run(_UNSEALED, (who,)).scalars():
        chain.blame(f"audit entry {entry_id} has no seal")
    report.institutions += chain.sequence > 0
    covered = max(expected, default=0)
    if must_be_covered and chain.sequence > covered:
        oldest = tx.run(_UNCOVERED, (who, covered)).scalar()
        if oldest is not None and oldest < tx.now - _LATE:
            chain.blame(f"seals {covered + 1} to {chain.sequence} lack a checkpoint")


def _batches(tx: Tx, who: str) -> Iterator[list[Any]]:
    """Read a chain through a cursor of the server; the next rows are fetched while these are checked."""
    tx.run(f"declare chain no scroll cursor for {_CHAIN}", (who,))
    with closing(tx.connection.connection.cursor()) as cursor, ThreadPoolExecutor(1) as pool:

        def fetch() -> list[Any]:
            # Plain driver rows: they are a million.
            cursor.execute(f"fetch {_FETCH} from chain")
            return list(cursor.fetchall())

        coming = pool.submit(fetch)
        while rows := coming.result():
            coming = pool.submit(fetch)
            yield rows
    tx.run("close chain")
