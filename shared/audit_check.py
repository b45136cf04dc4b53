"""Recompute the audit chains of one database and compare them with the checkpoints outside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
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
_CHAIN = (
    f"select s.institution_id, s.sequence, s.entry_id, s.previous_hash, s.hash, {CANONICAL}"  # noqa: S608 - a constant of ours
    " from audit_seal s left join audit_entry e on e.institution_id = s.institution_id and e.id = s.entry_id"
    " order by s.institution_id, s.sequence"
)
_UNSEALED = (
    "select e.institution_id, e.id from audit_entry e"
    " where not exists (select from audit_seal s where s.institution_id = e.institution_id and s.entry_id = e.id)"
    " and not exists (select from audit_queue q where q.institution_id = e.institution_id and q.entry_id = e.id)"
    " order by e.institution_id, e.id"
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
        self._previous = START
        self.sequence = 0

    def follow(self, sequence: int, entry_id: object, previous: bytes, digest: bytes, content: str | None) -> None:
        """Check one sealed row; after a wrong one the chain is followed on from what is stored."""
        if sequence != self.sequence + 1:
            self._blame(f"seals {self.sequence + 1} to {sequence - 1} are missing")
        elif previous != self._previous:
            self._blame(f"seal {sequence} does not continue seal {self.sequence}")
        if content is None:
            self._blame(f"audit entry {entry_id} (seal {sequence}) is missing")
        elif hashlib.sha256(previous + content.encode()).digest() != digest:
            self._blame(f"audit entry {entry_id} (seal {sequence}) was changed")
        if self._expected and self._expected.get(sequence, digest.hex()) != digest.hex():
            self._blame(f"seal {sequence} differs from its checkpoint: the chain was written anew")
        self.sequence, self._previous = sequence, digest

    def finish(self) -> None:
        """Compare the end with the checkpoints."""
        last = max(self._expected, default=0)
        if last > self.sequence:
            self._blame(f"the tail is missing: {self.sequence} seals, but {last} were checkpointed")

    def _blame(self, text: str) -> None:
        self._report.problems.append(f"{self._name}: {text}")


def verify(service: str, database: Database, folder: Path | None) -> Report:
    """Recompute all chains of a service; every changed, swapped, added or missing row is one problem."""
    report = Report(service)
    expected = _expected(report, folder)
    with database.system(read_only=True) as tx:
        tx.run("set local statement_timeout = 0")
        chains = _follow(tx, report, expected)
        for institution_id in sorted(set(expected) - set(chains)):
            _Chain(report, institution_id, expected[institution_id]).finish()
        unsealed: Any = tx.run(_UNSEALED).all()
        report.problems += [f"{service}: institution {who}: audit entry {each} has no seal" for who, each in unsealed]
        if folder is not None:
            _check_covered(tx, report, chains, expected)
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


def _follow(tx: Tx, report: Report, expected: dict[UUID, dict[int, str]]) -> dict[UUID, int]:
    """Follow every chain; returns the last sequence by institution."""
    found: dict[UUID, int] = {}
    chain, current = None, None
    for who, sequence, entry_id, previous, digest, content in _stream(tx):
        if chain is None or who != current:
            if chain is not None:
                chain.finish()
            institution_id = who if isinstance(who, UUID) else UUID(who)
            chain, current = _Chain(report, institution_id, expected.get(institution_id, {})), who
            report.institutions += 1
        chain.follow(sequence, entry_id, bytes(previous), bytes(digest), content)
        report.rows += 1
        found[institution_id] = sequence
    if chain is not None:
        chain.finish()
    return found


def _stream(tx: Tx) -> Iterator[Any]:
    """Read the sealed rows through a cursor of the server, a few thousand at a time."""
    tx.run(f"declare chain no scroll cursor for {_CHAIN}")
    while True:
        rows = tx.run(f"fetch {_FETCH} from chain").all()
        if not rows:
            return
        yield from rows


def _check_covered(tx: Tx, report: Report, chains: dict[UUID, int], expected: dict[UUID, dict[int, str]]) -> None:
    for institution_id, last in chains.items():
        covered = max(expected.get(institution_id, ()), default=0)
        if last > covered:
            oldest = tx.run(_UNCOVERED, (str(institution_id), covered)).scalar()
            if oldest is not None and oldest < tx.now - _LATE:
                report.problems.append(
                    f"{report.service}: institution {institution_id}: seals {covered + 1} to {last} lack a checkpoint"
                )
