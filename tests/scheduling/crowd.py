"""Many callers at once, each in a thread and a transaction of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from shared.caller import Caller
from shared.db import Database, Tx
from shared.errors import DomainError

OVERLAPS = """
select count(*) from lesson_resource a join lesson_resource b
  on a.resource_id = b.resource_id and a.id < b.id and a.state = 'live' and b.state = 'live'
  and a.start_time < b.end_time and b.start_time < a.end_time"""


def rush(database: Database, institution: UUID, works: Sequence[Callable[[Tx], object]]) -> list[DomainError | None]:
    """Start all works at the same moment; return each one's refusal, or None. Any other error is raised."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[Tx], object]) -> DomainError | None:
        gate.wait(timeout=30)
        try:
            with database.begin(Caller.system(institution)) as tx:
                work(tx)
        except DomainError as error:
            return error
        return None

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def count(database: Database, institution: UUID, sql: str) -> int:
    """Return the only figure of a query."""
    with database.begin(Caller.system(institution), read_only=True) as tx:
        return int(tx.run(sql).scalar_one())
