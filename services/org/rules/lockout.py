"""Five wrong passwords close a sign-in name for a quarter of an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TRIES = 5
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries since `start_time`, the first of their window. A try counts before the password is checked."""

    tries: int
    start_time: datetime


def count(so_far: Attempts | None, now: datetime) -> Attempts | None:
    """Return the attempts with one more try, or None when the name is locked.

    Counting first and forgiving after a success means that parallel guesses cannot outrun the counter.
    """
    if so_far is None or now >= so_far.start_time + WINDOW:
        return Attempts(1, now)
    if so_far.tries >= TRIES:
        return None
    return Attempts(so_far.tries + 1, so_far.start_time)


def wait_seconds(so_far: Attempts, now: datetime) -> int:
    """Return after how many seconds a locked name opens again; at least 1."""
    return max(1, int((so_far.start_time + WINDOW - now).total_seconds()) + 1)
