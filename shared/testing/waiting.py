"""Wait for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

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
