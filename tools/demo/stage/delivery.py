"""Events of the past: relayed and handled here by the code of the workers, at the time of their publication.

No worker runs meanwhile: it would handle them as of today.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol
from uuid import UUID

from services.__main__ import names
from shared import housekeeping
from shared.caller import Caller
from shared.db import Database
from shared.inbox import EVERYTHING, AnyConsumer, Arrival, Delivery, Handler, claim
from shared.relay import DirectSink, Relay
from tools.demo.stage.databases import HistoryDatabase
from tools.demo.stage.world import World

_CLAIM = 200
_TOGETHER = 40
# An idle process leaves the cores to the one that works.
_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2)
_LONGEST_SECONDS = 300.0
_PENDING = (
    "select exists (select 1 from outbox where institution_id = %(institution)s)"
    " or exists (select 1 from delivery where institution_id = %(institution)s and not parked)"
)
_PARKED = "select consumer, error, body from delivery where institution_id = %s and parked limit 5"


class NotDelivered(RuntimeError):
    """Events could not be handled; the text names them."""


class HistorySink(DirectSink):
    """Hands events to everybody but the feed, which keeps the last hour only: there is nothing to show of the past."""

    def send(self, arrivals: Sequence[Arrival]) -> set[int]:
        """Store the events; one that nobody wants is done with."""
        super().send(arrivals)
        return set()


class HistoryHandler(Handler):
    """Handles many deliveries in one transaction, each at its own time; if one goes wrong, each in one of its own."""

    def __init__(self, database: HistoryDatabase, consumers: Sequence[AnyConsumer]) -> None:
        super().__init__(database, consumers)
        self._history = database

    def handle_all(self, deliveries: Sequence[Delivery]) -> None:
        """Handle deliveries of one institution, in their order."""
        try:
            with self._history.together(Caller.system(deliveries[0].institution_id)):
                for delivery in deliveries:
                    self._history.moment = delivery.event_time
                    self._apply(delivery)
        except Exception:  # noqa: BLE001 - whatever it is, one by one it shows which event it was, and is recorded
            for delivery in deliveries:
                self._history.moment = delivery.event_time
                self.handle(delivery)
        finally:
            self._history.moment = None


def consumers(service: str) -> list[AnyConsumer]:
    """Return what a service subscribes to."""
    own = importlib.import_module(f"services.{service}.consumers").CONSUMERS
    return [*own, *housekeeping.consumers(service)]


class Turn(Protocol):
    """A lock that threads or processes share."""

    def acquire(self, block: bool = ..., /) -> bool: ...  # noqa: FBT001 - as the standard library has it
    def release(self) -> None: ...


class Lane(NamedTuple):
    """A part of a service's deliveries that one process at a time handles; `among` is its condition on a delivery."""

    service: str
    among: str = ""


# What these services do for one campus touches no row of another; two processes may share it.
_SHARED = ("lead", "notification", "student")
_SOME = "coalesce(d.campus_id = any(%(campuses)s::uuid[]), false)"
LANES = tuple(
    Lane(name, among) for name in names() for among in (("not " + _SOME, _SOME) if name in _SHARED else ("",))
)
Turns = Mapping[Lane, Turn]


class Post:
    """Relays and handles events; where several processes do, each lane is served by one at a time."""

    def __init__(self, databases: Mapping[str, HistoryDatabase], turns: Turns) -> None:
        self._databases = databases
        self._turns = turns
        subscribers = {name: consumers(name) for name in databases}
        sink = HistorySink(
            {
                name: (databases[name], [each for each in subscribers[name] if EVERYTHING not in each.keys])
                for name in databases
            }
        )
        self._relays = {name: Relay(name, database, sink) for name, database in databases.items()}
        self._handlers = {name: HistoryHandler(databases[name], subscribers[name]) for name in databases}

    def drain(self, world: World, campuses: Sequence[UUID]) -> int:
        """Work until nothing waits any more in any service; return how many deliveries were handled here.

        `campuses` have lanes of their own. Raises NotDelivered for events that went wrong until they were parked.
        """
        done, idle, end = 0, 0, time.monotonic() + _LONGEST_SECONDS
        while True:
            work = [self._serve(lane, campuses) for lane in LANES]
            done += sum(handled for handled, _ in work)
            if any(handled or moved for handled, moved in work):
                idle = 0
                continue
            if not any(self._waits(world, database) for database in self._databases.values()):
                self._check(world)
                return done
            if time.monotonic() > end:
                raise NotDelivered("events still wait after five minutes")
            time.sleep(_PAUSES_SECONDS[min(idle, len(_PAUSES_SECONDS) - 1)])
            idle += 1

    def _serve(self, lane: Lane, campuses: Sequence[UUID]) -> tuple[int, int]:
        """Return how many deliveries were handled and events relayed; none while another process serves."""
        turn = self._turns[lane]
        if not turn.acquire(False):  # noqa: FBT003 - as the standard library has it
            return 0, 0
        try:
            relays = lane.among != _SOME
            return self._handle(lane, campuses), self._relays[lane.service].run_once() if relays else 0
        finally:
            turn.release()

    def _handle(self, lane: Lane, campuses: Sequence[UUID]) -> int:
        database, handler = self._databases[lane.service], self._handlers[lane.service]
        some = {"campuses": [str(campus) for campus in campuses]}
        fresh = claim(database, _CLAIM, fresh=True, among=lane.among, values=some)
        for _, same in groupby(fresh, key=lambda delivery: delivery.institution_id):
            deliveries = list(same)
            for start in range(0, len(deliveries), _TOGETHER):
                handler.handle_all(deliveries[start : start + _TOGETHER])
        if fresh:
            return len(fresh)
        again = claim(database, 1, fresh=False, among=lane.among, values=some)
        for delivery in again:
            database.moment = delivery.event_time
            handler.handle(delivery)
        database.moment = None
        return len(again)

    def _waits(self, world: World, database: Database) -> bool:
        with database.system(read_only=True) as tx:
            return bool(tx.run(_PENDING, {"institution": str(world.institution_id)}).scalar())

    def _check(self, world: World) -> None:
        for service, database in self._databases.items():
            with database.system(read_only=True) as tx:
                parked = tx.run(_PARKED, (str(world.institution_id),)).all()
            if parked:
                raise NotDelivered(f"{service} could not handle: {'; '.join(f'{row[0]} ({row[1]})' for row in parked)}")
