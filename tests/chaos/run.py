"""A run: sales are written while components die; afterwards both books are compared.

A fault strikes either at any moment, or while the relay works off a backlog: then it was killed first, and has just
handed on its first batch. That is the moment at which most is under way.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy.exc import DBAPIError

from shared.caller import Caller
from shared.errors import Unavailable
from shared.ids import uuid7
from shared.testing.waiting import until
from tests.chaos import books
from tests.chaos.books import Verdict
from tests.chaos.rig import Rig
from tests.chaos.writers import Writers

DRAIN_SECONDS = 60.0
_SLOWEST_SECONDS = 180.0
_QUIET_SECONDS = 3.0
_LONGEST_DOWN_SECONDS = 0.5
_FROZEN_SECONDS = 0.5
_WITHIN_A_BATCH_SECONDS = 0.04


@dataclass(frozen=True, slots=True)
class Fault:
    """A component to kill; `in_backlog` waits for the moment at which most is under way."""

    component: str
    in_backlog: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did and what became of it; `drain_seconds` counts from the end of the last fault.

    `pending` events are committed and not yet handled, `left` messages stand in queues: those are late, not lost.
    """

    guard: str
    seed: int
    kills: dict[str, int]
    verdict: Verdict
    drain_seconds: float
    pending: int
    left: int
    seconds: float

    def line(self) -> str:
        """Return the report as one line of JSON."""
        late = {"drain_seconds": round(self.drain_seconds, 1), "pending": self.pending, "left": self.left}
        rest = late | {"seconds": round(self.seconds)}
        told = {"removed": self.guard, "seed": self.seed, "kills": self.kills}
        return json.dumps(told | asdict(self.verdict) | rest | {"clean": self.verdict.is_clean})


def faults_of(kills: int, chance: random.Random) -> list[Fault]:
    """Draw faults over all components: a tenth of them, and eight if there are eighty, for the broker."""
    counts = {"broker": max(1, kills // 10), "postgres": max(1, kills // 6)}
    rest = kills - sum(counts.values())
    counts |= {"relay": rest // 2, "worker": rest - rest // 2}
    drawn = [component for component, count in counts.items() for _ in range(count)]
    chance.shuffle(drawn)
    return [Fault(component, in_backlog=chance.random() < 0.25) for component in drawn]


class Run:
    """One run on a rig; `guard` names the guard that is taken away, or `none`."""

    def __init__(self, rig: Rig, guard: str, events: int, seed: int) -> None:
        rig.begin(guard)
        self._rig = rig
        self._events = events
        self._seed = seed
        self._chance = random.Random(seed)
        self._institution = uuid7()
        self._kills: Counter[str] = Counter()
        self._pause = threading.Event()

    def execute(self, faults: Sequence[Fault]) -> Report:
        """Write all sales among the faults, let everything settle, and compare."""
        begun = time.monotonic()
        dual = self._rig.broker.url if self._rig.guard == "dual_write" else ""
        with Writers(self._rig.till, self._institution, self._events, self._seed, dual=dual) as writers:
            # Workers that are still starting would find everything written and nothing under way.
            writers.allow(1)
            _wait(lambda: self._booked() > 0, "the first sale is booked")
            for number, fault in enumerate(faults):
                start, end = (self._events * n // (len(faults) + 1) for n in (number, number + 1))
                self._strike(writers, fault, start, end)
            writers.allow(self._events)
            _wait(lambda: writers.written >= self._events, "all sales are written")
        drained = self._settle()
        verdict = books.audit(self._rig.till, self._rig.ledger, self._institution)
        pending, left = (self._rig.pending(), self._rig.queued()) if self._rig.guard == "none" else (0, 0)
        seconds = time.monotonic() - begun
        return Report(self._rig.guard, self._seed, dict(self._kills), verdict, drained, pending, left, seconds)

    def _strike(self, writers: Writers, fault: Fault, start: int, end: int) -> None:
        if fault.in_backlog:
            self._pile_up(writers, end)
        else:
            moment = self._chance.randint(start, end)
            writers.allow(end)
            _wait(lambda: writers.written >= moment, "the moment of the fault")
        if fault.component == "broker":
            self._rig.broker.freeze()
            self._pause.wait(_FROZEN_SECONDS)
        with self._killed(fault.component):
            self._pause.wait(self._chance.uniform(0, _LONGEST_DOWN_SECONDS))

    def _pile_up(self, writers: Writers, end: int) -> None:
        """Kill the relay, write a backlog, start it again, and return when it has handed on its first batch."""
        with self._killed("relay"):
            writers.allow(end)
            _wait(lambda: writers.written >= end, "a backlog is written")
        full = self._outbox()
        if full:
            _wait(lambda: self._outbox() < full, "the relay begins", longest_pause_seconds=0.004)
            self._pause.wait(self._chance.uniform(0, _WITHIN_A_BATCH_SECONDS))

    @contextmanager
    def _killed(self, component: str) -> Iterator[None]:
        self._rig.kill(component)
        self._kills[component] += 1
        try:
            yield
        finally:
            self._rig.start(component)

    def _outbox(self) -> int:
        with self._rig.till.system(read_only=True) as tx:
            return int(tx.run("select count(*) from outbox").scalar() or 0)

    def _settle(self) -> float:
        """Wait until nothing is under way, or until nothing moves any more; return the seconds it took."""
        begun = last = time.monotonic()
        state: tuple[int, int] | None = None
        while time.monotonic() - begun < DRAIN_SECONDS:
            now = self._state()
            if now != state:
                state, last = now, time.monotonic()
            if now is not None and self._is_over(*now, quiet=time.monotonic() - last > _QUIET_SECONDS):
                break
            self._rig.ensure()
            self._pause.wait(0.2)
        return time.monotonic() - begun

    def _is_over(self, pending: int, booked: int, *, quiet: bool) -> bool:
        """Say whether nothing is to come any more; what a queue holds shows late, so what is booked counts as well."""
        if self._rig.guard != "none":
            return quiet or pending == 0
        return pending == 0 and (quiet or booked >= self._events) and self._rig.queued() == 0

    def _state(self) -> tuple[int, int] | None:
        """Return (events under way, events booked), or None while the server is away."""
        try:
            return self._rig.pending(), self._booked()
        except (DBAPIError, Unavailable):
            return None

    def _booked(self) -> int:
        with self._rig.ledger.begin(Caller.system(self._institution), read_only=True) as tx:
            return int(tx.run("select count(*) from booked").scalar() or 0)


def _wait(condition: Callable[[], bool], what: str, longest_pause_seconds: float = 0.1) -> None:
    until(condition, seconds=_SLOWEST_SECONDS, what=what, longest_pause_seconds=longest_pause_seconds)
