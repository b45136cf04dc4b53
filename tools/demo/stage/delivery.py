"""Events of the past: relayed and handled here by the code of the workers, at the time of their publication.

No worker runs meanwhile: it would handle them as of today.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from shared import housekeeping
from shared.caller import Caller
from shared.db import Database
from shared.inbox import AnyConsumer, Arrival, Delivery, Handler, WildConsumer, claim
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


Turns = Mapping[str, Turn]


class Post:
    """Relays and handles events; where several processes do, each service is served by one at a time."""

    def __init__(self, databases: Mapping[str, HistoryDatabase], turns: Turns) -> None:
        self._databases = databases
        self._turns = turns
        subscribers = {name: consumers(name) for name in databases}
        sink = HistorySink(
            {
                name: (databases[name], [each for each in subscribers[name] if not isinstance(each, WildConsumer)])
                for name in databases
            }
        )
        self._relays = {name: Relay(name, database, sink) for name, database in databases.items()}
        self._handlers = {name: HistoryHandler(databases[name], subscribers[name]) for name in databases}

    def drain(self, world: World) -> int:
        """Work until nothing waits any more in any service; return how many deliveries were handled here.

        Raises NotDelivered for events that went wrong until they were parked.
        """
        done, idle, end = 0, 0, time.monotonic() + _LONGEST_SECONDS
        while True:
            work = [self._serve(name) for name in self._databases]
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

    def _serve(self, service: str) -> tuple[int, int]:
        """Return how many deliveries were handled and events relayed; none while another process serves."""
        turn = self._turns[service]
        if not turn.acquire(False):  # noqa: FBT003 - as the standard library has it
            return 0, 0
        try:
            return self._handle(service), self._relays[service].run_once()
        finally:
            turn.release()

    def _handle(self, service: str) -> int:
        database = self._databases[service]
        fresh = claim(database, _CLAIM, fresh=True)
        for _, same in groupby(fresh, key=lambda delivery: delivery.institution_id):
            deliveries = list(same)
            for start in range(0, len(deliveries), _TOGETHER):
                self._handlers[service].handle_all(deliveries[start : start + _TOGETHER])
        if fresh:
            return len(fresh)
        again = claim(database, 1, fresh=False)
        for delivery in again:
            database.moment = delivery.event_time
            self._handlers[service].handle(delivery)
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
