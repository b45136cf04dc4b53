"""Process 2 of a service, run by nameko: inlet from the broker, deliveries, relay, timers, audit seals.

Compact mode runs the workers of all services in one process and hands events on without a broker.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import eventlet
from nameko.runners import ServiceRunner

from shared import housekeeping, telemetry
from shared.audit import Sealer
from shared.bus import AmqpSink, Inlet, Loop, queue_of
from shared.db import Database
from shared.inbox import AnyConsumer, Handler, claim
from shared.jobs import AnyJob, JobRunner
from shared.leader import Leader
from shared.relay import DirectSink, Relay, Sink
from shared.settings import settings

log = logging.getLogger(__name__)
_SIDE_BY_SIDE = 10
_CLAIM = 100
# Seconds between rounds that find nothing: at first, and after a while.
_DELIVERY_PAUSES = (0.05, 0.4)
_RELAY_PAUSES = (0.02, 0.4)
_REPEAT_PAUSES = (0.5, 4.0)
_TIMER_PAUSES = (0.25, 2.0)
_SEAL_PAUSES = (1.0, 8.0)
_OBSERVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Worker:
    """What a service subscribes to and does by the clock."""

    consumers: Sequence[AnyConsumer] = ()
    jobs: Sequence[AnyJob] = field(default=())

    def all_consumers(self, service: str) -> list[AnyConsumer]:
        """Return the service's own subscriptions and those of the chassis."""
        return [*self.consumers, *housekeeping.consumers(service)]


class Rounds:
    """The rounds of one service's worker, each a function that says whether more work waits."""

    def __init__(self, service: str, worker: Worker, database: Database, sink: Sink) -> None:
        self._service = service
        self._database = database
        self._handler = Handler(database, worker.all_consumers(service))
        self._relay = Relay(service, database, sink)
        self._leader = Leader(database, f"lianxiao leader {service}")
        self._runner = JobRunner(database, [*worker.jobs, *housekeeping.jobs(service)])
        self._sealer = Sealer(service, database)
        self._pool = eventlet.GreenPool(_SIDE_BY_SIDE)
        self._observed = 0.0

    def deliveries(self) -> bool:
        """Handle fresh deliveries side by side."""
        claimed = claim(self._database, _CLAIM, fresh=True)
        for _ in self._pool.imap(self._handler.handle_group, self._handler.groups(claimed)):
            pass
        return bool(claimed)

    def repeats(self) -> bool:
        """Handle one delivery that failed before, alone."""
        claimed = claim(self._database, 1, fresh=False)
        for delivery in claimed:
            self._handler.handle(delivery)
        return bool(claimed)

    def relay(self) -> bool:
        """Hand on one batch of the outbox, on the leader."""
        return self._leader.leads() and self._relay.run_once() > 0

    def timers(self) -> bool:
        """Run due jobs on the leader; keep the gauges fresh on every worker."""
        if time.monotonic() - self._observed > _OBSERVE_SECONDS:
            self._observed = time.monotonic()
            housekeeping.observe(self._service, self._database)
        return self._leader.leads() and self._runner.run_due()

    def seals(self) -> bool:
        """Chain new audit entries, on the leader."""
        return self._leader.leads() and self._sealer.run_once() > 0


def _nameko_class(service: str, rounds: Rounds, inlet: Inlet | None, stored: threading.Event) -> type:
    """Return the nameko service that runs the rounds; its methods only carry the entrypoints."""
    loops = {
        "deliveries": (rounds.deliveries, _DELIVERY_PAUSES),
        "repeats": (rounds.repeats, _REPEAT_PAUSES),
        "relay": (rounds.relay, _RELAY_PAUSES),
        "timers": (rounds.timers, _TIMER_PAUSES),
        "seals": (rounds.seals, _SEAL_PAUSES),
    }
    body: dict[str, object] = {"name": f"{service}_worker"}
    wakes = {"deliveries": stored}
    entrypoints = {name: Loop(function, pauses, wakes.get(name)) for name, (function, pauses) in loops.items()}
    for name, entrypoint in (entrypoints | ({"inlet": inlet} if inlet else {})).items():
        method = _carrier(name)
        method.nameko_entrypoints = {entrypoint}  # type: ignore[attr-defined]
        body[name] = method
    return type(f"{service.title()}Worker", (), body)


def _carrier(name: str) -> Callable[[object], None]:
    def method(_self: object) -> None:
        """Carry an entrypoint that does its work itself."""

    method.__name__ = name
    return method


def start(workers: Mapping[str, Worker], databases: Mapping[str, Database]) -> ServiceRunner:
    """Start the workers and return their runner."""
    url = settings().amqp_url
    if not url and len(workers) == 1:
        raise SystemExit("LIANXIAO_AMQP_URL is not set: a worker of its own needs the broker (compact mode does not)")
    direct = {name: (databases[name], worker.all_consumers(name)) for name, worker in workers.items()}
    stored = {name: threading.Event() for name in workers}
    runner = ServiceRunner({"AMQP_URI": url, "HEARTBEAT": 10, "max_workers": _SIDE_BY_SIDE})
    for name, worker in workers.items():
        sink: Sink = AmqpSink(url, name) if url else DirectSink(direct, stored)
        consumers = worker.all_consumers(name)
        inlet = Inlet(queue_of(name, consumers), databases[name], consumers, stored[name]) if url else None
        runner.add_service(_nameko_class(name, Rounds(name, worker, databases[name], sink), inlet, stored[name]))
    runner.start()
    return runner


def run(workers: Mapping[str, Worker]) -> None:
    """Run a worker process until SIGTERM or SIGINT."""
    config = settings()
    process = next(iter(workers)) if len(workers) == 1 else "all"
    telemetry.start(f"{process}-worker", config)
    size = _SIDE_BY_SIDE + 6
    databases = {name: Database(config.role_url(name, "app"), pool_size=size) for name in workers}
    stopping = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if stopping.ready() else stopping.send(None))
    runner = start(workers, databases)
    log.info("working", extra={"facts": {"services": sorted(workers)}})
    stopping.wait()
    runner.stop()
    for database in databases.values():
        database.dispose()
