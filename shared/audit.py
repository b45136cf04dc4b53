"""The audit log: `Tx` writes entries, the sealer chains them, signed checkpoints leave the database, `verify` checks.

Each institution has one chain per service: hash = sha256(previous hash + the entry's text). An entry is sealed within
a second or so of its commit, by the one leading worker. Heads are written to a file outside the database every 60
seconds or 1,000 entries. `shared.audit_check` recomputes everything and names every row that is wrong.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from shared import checkpoints
from shared.audit_check import CANONICAL, INSTITUTIONS, START
from shared.db import Database, Tx
from shared.settings import settings

CHECKPOINT_SECONDS = 60.0
CHECKPOINT_ENTRIES = 1000
BATCH = 1000
_MISSING = "missing"
_LOCK = "select pg_try_advisory_xact_lock(hashtext('lianxiao audit seal'))"
_QUEUE = (
    f"select q.institution_id, q.entry_id, {CANONICAL} from audit_queue q"  # noqa: S608 - a constant of ours
    " left join audit_entry e on e.institution_id = q.institution_id and e.id = q.entry_id"
    " order by q.entry_id limit %s for update of q skip locked"
)
_HEADS = (
    "select w.id, s.sequence, s.hash from unnest(%s::uuid[]) w (id) cross join lateral"
    " (select sequence, hash from audit_seal where institution_id = w.id order by sequence desc limit 1) s"
)
_APPEND = (
    "insert into audit_seal (institution_id, sequence, entry_id, previous_hash, hash)"
    " select * from unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::bytea[], %s::bytea[])"
)
_DONE = "delete from audit_queue where entry_id = any (%s::uuid[])"
log = logging.getLogger(__name__)

Head = tuple[int, bytes]


class Sealer:
    """Chains new entries of one service and writes checkpoints; run again and again by the leading worker."""

    def __init__(
        self,
        service: str,
        database: Database,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._database = database
        self._folder = folder or settings().audit_checkpoint_dir
        self._clock = clock
        self._heads: dict[UUID, Head] = {}
        self._written: dict[UUID, tuple[int, str]] = {}
        self._loaded = False
        self._checkpoint_time = clock()
        self._since = 0

    def run_once(self) -> int:
        """Seal up to 1,000 entries, write a checkpoint if one is due; returns how many were sealed."""
        if not self._loaded:
            self._load()
        with self._database.system() as tx:
            moved, count = seal(tx)
        self._heads |= moved
        self._since += count
        if self._since >= CHECKPOINT_ENTRIES or self._clock() - self._checkpoint_time >= CHECKPOINT_SECONDS:
            self.checkpoint()
        return count

    def checkpoint(self) -> int:
        """Write the heads that moved since their last line, or whose line has an older key; returns how many."""
        self._checkpoint_time, self._since = self._clock(), 0
        if self._folder is None:
            return 0
        key = checkpoints.key_name()
        due = {who: head for who, head in self._heads.items() if self._written.get(who) != (head[0], key)}
        if due:
            checkpoints.append(checkpoints.path_of(self._folder, self._service), self._service, due, datetime.now(UTC))
            self._written |= {who: (head[0], key) for who, head in due.items()}
        return len(due)

    def _load(self) -> None:
        """Learn the present heads and what the file holds already; a new leader knows neither."""
        with self._database.system(read_only=True) as tx:
            known: Any = tx.run(INSTITUTIONS.format(table="audit_seal")).scalars().all()
            self._heads = _heads(tx, known)
        if self._folder is None:
            log.warning("LIANXIAO_AUDIT_CHECKPOINT_DIR is not set: a cut tail of the audit log would not be noticed")
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = checkpoints.path_of(self._folder, self._service)
            for each in checkpoints.read(path, self._service, problems=[]):
                self._written[each.institution_id] = (each.sequence, each.key)
        self._loaded = True


def seal(tx: Tx, limit: int = BATCH) -> tuple[dict[UUID, Head], int]:
    """Append queued entries, oldest first, to their institutions' chains; returns the new heads and the count.

    One transaction seals at a time; a second one does nothing.
    """
    if not tx.run(_LOCK).scalar():
        return {}, 0
    rows: Any = tx.run(_QUEUE, (limit,)).all()
    if not rows:
        return {}, 0
    institutions = [who for who, _, _ in rows]
    heads = _heads(tx, sorted({str(who) for who in institutions}))
    seals: list[tuple[str, int, str, bytes, bytes]] = []
    for who, (_, entry_id, content) in zip(institutions, rows, strict=True):
        sequence, previous = heads.get(who, (0, START))
        # An entry that vanished while it waited still takes its place in the chain: `verify` names it.
        digest = hashlib.sha256(previous + (content or _MISSING).encode()).digest()
        seals.append((str(who), sequence + 1, str(entry_id), previous, digest))
        heads[who] = (sequence + 1, digest)
    tx.run(_APPEND, tuple(list(column) for column in zip(*seals, strict=True)))
    tx.run(_DONE, ([entry_id for _, _, entry_id, _, _ in seals],))
    return heads, len(rows)


def _heads(tx: Tx, institutions: Sequence[str]) -> dict[UUID, Head]:
    rows: Any = tx.run(_HEADS, (list(institutions),)).all()
    return {who: (sequence, bytes(digest)) for who, sequence, digest in rows}
