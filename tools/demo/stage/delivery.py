"""Events of the past: relayed and handled here by the code of the workers, at the time of their publication.

While no worker runs this process leads every service. Where a worker runs already it relays, and both handle; then
what it handles carries today's date, and everything else is the same.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence

from shared import housekeeping
from shared.db import Database
from shared.inbox import AnyConsumer, Arrival, Handler, WildConsumer, claim
from shared.leader import Leader
from shared.relay import DirectSink, Relay
from tools.demo.stage.databases import HistoryDatabase
from tools.demo.stage.world import World

_CLAIM = 200
_PAUSE_SECONDS = 0.02
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


def consumers(service: str) -> list[AnyConsumer]:
    """Return what a service subscribes to, the feed left out."""
    own = importlib.import_module(f"services.{service}.consumers").CONSUMERS
    return [each for each in (*own, *housekeeping.consumers(service)) if not isinstance(each, WildConsumer)]


def lead(databases: Mapping[str, HistoryDatabase]) -> dict[str, Leader]:
    """Try to lead every service and return those that we lead; the others have a worker that runs."""
    leaders = {name: Leader(database, f"lianxiao leader {name}") for name, database in databases.items()}
    return {name: leader for name, leader in leaders.items() if leader.leads()}


class Post:
    """Relays and handles events of one process."""

    def __init__(self, databases: Mapping[str, HistoryDatabase]) -> None:
        self._databases = databases
        self._subscribers = {name: consumers(name) for name in databases}
        sink = HistorySink({name: (databases[name], self._subscribers[name]) for name in databases})
        self._relays = {name: Relay(name, database, sink) for name, database in databases.items()}
        self._handlers = {name: Handler(databases[name], self._subscribers[name]) for name in databases}

    def drain(self, world: World, relays: Sequence[str], handles: Sequence[str]) -> int:
        """Work until nothing waits any more in any service; return how many deliveries were handled here.

        Raises NotDelivered for events that went wrong until they were parked.
        """
        done, end = 0, time.monotonic() + _LONGEST_SECONDS
        while True:
            moved = [self._relays[name].run_once() for name in relays]
            handled = [self._handle(name) for name in handles]
            done += sum(handled)
            if any(moved) or any(handled):
                continue
            if not any(self._waits(world, database) for database in self._databases.values()):
                self._check(world)
                return done
            if time.monotonic() > end:
                raise NotDelivered("events still wait after five minutes; is a worker stuck?")
            time.sleep(_PAUSE_SECONDS)

    def _handle(self, service: str) -> int:
        database = self._databases[service]
        fresh = claim(database, _CLAIM, fresh=True)
        claimed = fresh or claim(database, 1, fresh=False)
        for delivery in claimed:
            database.moment = delivery.event_time
            self._handlers[service].handle(delivery)
        database.moment = None
        return len(claimed)

    def _waits(self, world: World, database: Database) -> bool:
        with database.system(read_only=True) as tx:
            return bool(tx.run(_PENDING, {"institution": str(world.institution_id)}).scalar())

    def _check(self, world: World) -> None:
        for service, database in self._databases.items():
            with database.system(read_only=True) as tx:
                parked = tx.run(_PARKED, (str(world.institution_id),)).all()
            if parked:
                raise NotDelivered(f"{service} could not handle: {'; '.join(f'{row[0]} ({row[1]})' for row in parked)}")
