"""How much one caller may ask for. Counts live in this process: n gateways let through n times as much."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.errors import LimitReached

_MINUTE = 60.0
_CALLERS = 50_000


class RateLimit:
    """Requests per minute and caller, over a sliding window.

    A bucket that refills continuously would let more than `per_minute` through in the first minute; here the
    request after the last permitted one is refused, always.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        # caller -> [number of the current minute, requests in it, requests in the minute before]
        self._windows: OrderedDict[str, list[int]] = OrderedDict()

    def take(self, caller: str) -> None:
        """Count one request; raises LimitReached with the seconds after which one fits again."""
        now = self._clock()
        minute, passed = divmod(now, _MINUTE)
        window = self._window(caller, int(minute))
        weight = 1.0 - passed / _MINUTE
        if window[1] + window[2] * weight + 1 > self._limit:
            wait = _seconds_until_free(self._limit, window, passed)
            raise LimitReached(
                "RATE_LIMITED", "too many requests in one minute", retry_after_seconds=wait, limit=self._limit
            )
        window[1] += 1

    def _window(self, caller: str, minute: int) -> list[int]:
        window = self._windows.get(caller)
        if window is None:
            window = self._windows[caller] = [minute, 0, 0]
            if len(self._windows) > _CALLERS:
                self._windows.popitem(last=False)
        elif window[0] != minute:
            window[2] = window[1] if window[0] == minute - 1 else 0
            window[0], window[1] = minute, 0
            self._windows.move_to_end(caller)
        return window


def _seconds_until_free(limit: int, window: list[int], passed: float) -> int:
    _, current, before = window
    room = limit - 1 - current
    if room >= 0 and before:
        # The minute before weighs less every second: wait until its share fits into the room.
        return max(1, int(_MINUTE * (1 - room / before) - passed) + 1)
    return max(1, int(_MINUTE - passed) + 1)


class Places:
    """A bounded number of long-lived connections per caller."""

    def __init__(self, per_caller: int) -> None:
        self._limit = per_caller
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, caller: str) -> Iterator[None]:
        """Hold a place while the block runs; raises LimitReached when all are taken."""
        if self._taken[caller] >= self._limit:
            raise LimitReached("TOO_MANY_STREAMS", "too many open event streams", limit=self._limit)
        self._taken[caller] += 1
        try:
            yield
        finally:
            self._taken[caller] -= 1
            if not self._taken[caller]:
                del self._taken[caller]

    def total(self) -> int:
        """Return how many places are taken."""
        return self._taken.total()
