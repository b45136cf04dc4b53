"""Calls that stay open: how many there may be at once, and when they end.

An open stream holds a thread of the server, also while nothing comes. So only a part of the threads is for streams, a
subject has one stream at a time, and one that rests too long is ended. The newer stream of a subject wins: whose line
broke comes back before the server has noticed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.errors import LimitReached

# Longer than the minute for which the gateway may hold a message back.
IDLE_SECONDS = 120.0
_LONGEST_WATCH = 1.0
_Key = tuple[str, UUID, UUID]


@dataclass(slots=True)
class Stream:
    """One open stream; `touch` says that a message came or was answered."""

    context: Any
    moved: float = field(default_factory=time.monotonic)

    def touch(self) -> None:
        """Let the time of rest begin anew."""
        self.moved = time.monotonic()


class Streams:
    """The open streams of a server."""

    def __init__(self, most: int, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most = most
        self._idle = idle_seconds
        self._open: dict[_Key, Stream] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._watched = False

    @contextmanager
    def open(self, key: _Key, context: Any) -> Iterator[Stream]:
        """Hold a place for the length of a block, in which an older stream of the same key is ended.

        Raises LimitReached TOO_MANY_STREAMS.
        """
        stream = Stream(context)
        with self._lock:
            # The older one still has its thread for a moment, but not for long.
            older = self._open.get(key)
            if self._count - (older is not None) >= self._most:
                raise LimitReached("TOO_MANY_STREAMS", "too many streams are open", 5, limit=self._most)
            self._open[key] = stream
            self._count += 1
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="streams", daemon=True).start()
        if older is not None:
            older.context.cancel()
        try:
            yield stream
        finally:
            with self._lock:
                self._count -= 1
                if self._open.get(key) is stream:
                    del self._open[key]

    def _watch(self) -> None:
        """End what rests, until no stream is open."""
        pause = threading.Event()
        while not pause.wait(min(self._idle / 4, _LONGEST_WATCH)):
            with self._lock:
                late = time.monotonic() - self._idle
                resting = [stream for stream in self._open.values() if stream.moved < late]
                if not self._open:
                    self._watched = False
                    return
            for stream in resting:
                stream.context.cancel()
