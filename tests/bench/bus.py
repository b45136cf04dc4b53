"""`bus`: events from the commit to their effect, through a real broker and a nameko worker on one core.

Beside the rate stands what PostgreSQL alone does with the same SQL of one event; beside the latency at 100 events a
second, the way of a bare message through the same broker, confirmed and handed over.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from kombu import Connection, Queue

from lianxiao.billing.v1.billing_events_pb2 import PaymentReceived
from shared.db import Database
from shared.events import publish
from shared.ids import uuid7
from shared.inbox import Consumer, Handler, claim, store
from shared.testing import databases
from shared.testing.bus import arrival
from shared.testing.waiting import until
from tests.bench import pgbench
from tests.bench.figures import Figure, side_by_side
from tests.bench.stage import MEASURED, OTHERS, THREADS, Stage, text_of
from tests.chaos import books

EVENTS = 2000
ACCOUNTS = 200
RECORDED = 16
SIDE_BY_SIDE = 10
SECONDS = 4
REPETITIONS = 5
PER_SECOND = 100
SPACED_EVENTS = 600
CONSUMERS = [Consumer("ledger.book", PaymentReceived, books.book)]


def measure(stage: Stage) -> list[Figure]:
    """Return the rate and the latency."""
    till, ledger = (
        _database(stage, name, build) for name, build in (("till", books.build_till), ("ledger", books.build_ledger))
    )
    accounts = [uuid7() for _ in range(ACCOUNTS)]
    scripts = [pgbench.script(_recorded(ledger, stage, account)) for account in accounts[:RECORDED]]
    assert stage.broker.url
    stage.run("tests.chaos.service", "declare", "till", "ledger")
    with _working(stage, "till", till, OTHERS), _working(stage, "ledger", ledger, MEASURED):
        _rate(stage, till, ledger, accounts)
        value, limit = side_by_side(
            partial(_rate, stage, till, ledger, accounts),
            lambda: pgbench.rate(stage, ledger.engine.url, scripts, SIDE_BY_SIDE, SECONDS),
            REPETITIONS,
        )
        slow, bare = side_by_side(
            partial(_latency, stage, till, ledger, accounts), partial(_bare_latency, stage.broker.url), 3
        )
    return [
        Figure("bus", value, "events/s", limit, need=500, absolute=True),
        Figure("bus_latency", slow, "ms p99 at 100/s", bare, need=250, absolute=True, at_most=True),
    ]


def _database(stage: Stage, name: str, build: databases.Build) -> Database:
    return Database(databases.copy_for(name, "bench", stage.admin, stage.folder, build), pool_size=THREADS)


@contextmanager
def _working(stage: Stage, name: str, database: Database, core: int) -> Iterator[None]:
    environment = {"CHAOS_DATABASE_URL": text_of(database.engine.url)}
    with stage.process("tests.chaos.service", name, "none", core=core, environment=environment):
        yield


def _publish(stage: Stage, till: Database, accounts: list[UUID], count: int) -> None:
    with till.begin(stage.system()) as tx:
        for number in range(count):
            publish(tx, books.event_of(uuid7(), accounts[number % ACCOUNTS], 100))


def _booked(stage: Stage, ledger: Database) -> int:
    with ledger.begin(stage.system(), read_only=True) as tx:
        return int(tx.run("select count(*) from booked").scalar() or 0)


def _rate(stage: Stage, till: Database, ledger: Database, accounts: list[UUID]) -> float:
    """Commit many events at once; return how many a second have their effect."""
    goal = _booked(stage, ledger) + EVENTS
    _publish(stage, till, accounts, EVENTS)
    begun = time.perf_counter()
    until(lambda: _booked(stage, ledger) >= goal, seconds=300, what="all events have their effect")
    return EVENTS / (time.perf_counter() - begun)


def _latency(stage: Stage, till: Database, ledger: Database, accounts: list[UUID]) -> float:
    """Commit events one by one at an even pace; return the 99th percentile of milliseconds to their effect."""
    committed: dict[str, float] = {}
    pace = threading.Event()
    begun = time.time()
    for number in range(SPACED_EVENTS):
        pace.wait(max(0.0, begun + number / PER_SECOND - time.time()))
        sale = uuid7()
        committed[str(sale)] = time.time()
        with till.begin(stage.system()) as tx:
            publish(tx, books.event_of(sale, accounts[number % ACCOUNTS], 100))
    ids = list(committed)
    known = "select id::text, extract(epoch from book_time)::float8 from booked where id = any(%s::uuid[])"

    def times() -> list[tuple[str, float]]:
        with ledger.begin(stage.system(), read_only=True) as tx:
            rows = tx.run(known, (ids,)).all()
        return [tuple(row) for row in rows] if len(rows) == len(ids) else []

    arrived = until(times, seconds=60, what="the spaced events have their effect")
    return _p99([1000 * (at - committed[sale]) for sale, at in arrived])


def _bare_latency(url: str) -> float:
    """Send messages to ourselves at the same pace; return the 99th percentile of milliseconds."""
    taken: list[float] = []
    pace = threading.Event()
    name = f"bench-{uuid7()}"
    queue = Queue(name, durable=True, queue_arguments={"x-queue-type": "quorum"})
    options = {"confirm_publish": True}
    with Connection(url, transport_options=options) as sending, Connection(url) as receiving:
        queue(sending.default_channel).declare()

        def receive(body: float, message: object) -> None:
            taken.append(1000 * (time.time() - body))
            message.ack()  # type: ignore[attr-defined]

        with receiving.Consumer(queue, callbacks=[receive], accept=["json"]), sending.Producer() as producer:
            begun = time.time()
            for number in range(SPACED_EVENTS):
                pace.wait(max(0.0, begun + number / PER_SECOND - time.time()))
                producer.publish(time.time(), routing_key=name, delivery_mode=2, serializer="json")
                receiving.drain_events(timeout=30)
        queue(sending.default_channel).delete()
    return _p99(taken)


def _p99(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=100)[-1]


def _recorded(ledger: Database, stage: Stage, account: UUID) -> pgbench.Recording:
    """Return the SQL of one event; the queue's own upkeep, done for a hundred at once, is left out."""

    def once() -> None:
        with ledger.system() as tx:
            store(tx, [arrival(stage.institution, books.event_of(uuid7(), account, 100))], CONSUMERS)
        (delivery,) = claim(ledger, 1, fresh=True)
        assert Handler(ledger, CONSUMERS).handle(delivery)

    return pgbench.record(ledger, once).without("insert into delivery", "update delivery")
