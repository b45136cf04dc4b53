"""Wait for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from shared.db import Database

T = TypeVar("T")


def until(
    condition: Callable[[], T],
    *,
    seconds: float = 30.0,
    what: str = "the condition holds",
    longest_pause_seconds: float = 0.1,
) -> T:
    """Return the first true answer of `condition`, asked again with growing pauses.

    Raises TimeoutError that names `what` when `seconds` have passed; an exception of `condition` ends the wait.
    """
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s; last answer {answer!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest_pause_seconds)


def somebody_waits(database: Database) -> bool:
    """Say whether a transaction of this database waits for a lock that another one holds."""
    with database.system() as tx:
        waits = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        return bool(tx.run(f"select exists ({waits})").scalar())
