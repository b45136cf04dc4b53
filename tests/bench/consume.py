"""`consume`: attendances up to recognised revenue and split rows, by one worker of billing on one core.

Beside it pgbench writes the same rows with the same SQL, over as many connections as the worker has green threads.
"""

from __future__ import annotations

import time
from functools import partial

from services.billing.consumers import CONSUMERS
from shared.db import Database
from shared.inbox import Arrival, Handler, claim, store
from shared.testing.bus import arrival
from shared.testing.waiting import until
from tests.bench import pgbench
from tests.bench.figures import Figure, side_by_side
from tests.bench.stage import Stage
from tests.billing import factories
from tests.billing.factories import Purchase

STUDENTS = 64
RECORDED = 16
ATTENDANCES = 1500
BATCH = 300
SIDE_BY_SIDE = 10
SECONDS = 4
REPETITIONS = 5
HOURS = 5_000_000


def measure(stage: Stage) -> list[Figure]:
    """Return attendances per second of both."""
    database = stage.database("billing")
    purchases = _purchases(database, stage)
    scripts = [pgbench.script(_recorded(database, stage, bought)) for bought in purchases[:RECORDED]]
    # Its queue takes the events that billing publishes.
    assert stage.broker.url
    stage.run("services", "billing", "migrate")
    stage.run("services", "notification", "migrate")
    with stage.process("services", "billing", "worker"):
        _drain(database, _arrivals(stage, purchases, BATCH))
        value, limit = side_by_side(
            lambda: ATTENDANCES / _drain(database, _arrivals(stage, purchases, ATTENDANCES)),
            lambda: pgbench.rate(stage, database.engine.url, scripts, SIDE_BY_SIDE, SECONDS),
            REPETITIONS,
        )
    return [Figure("consume", value, "attendances/s", limit, need=0.25)]


def _purchases(database: Database, stage: Stage) -> list[Purchase]:
    """Sell hours at one campus; they are taught at another."""
    with database.begin(stage.system()) as tx:
        factories.split_rule(tx)
        return [factories.paid_order(tx, hours=HOURS) for _ in range(STUDENTS)]


def _arrivals(stage: Stage, purchases: list[Purchase], count: int) -> list[Arrival]:
    taught_at = purchases[0].campus_id
    return [
        arrival(stage.institution, factories.confirmed(purchases[n % STUDENTS], campus_id=taught_at))
        for n in range(count)
    ]


def _drain(database: Database, arrivals: list[Arrival]) -> float:
    """Hand attendances to the worker; return the seconds until all are done."""
    with database.system() as tx:
        store(tx, arrivals, CONSUMERS)
    begun = time.perf_counter()
    until(partial(_is_done, database), seconds=300, what="the worker is done")
    return time.perf_counter() - begun


def _is_done(database: Database) -> bool:
    with database.system(read_only=True) as tx:
        return not tx.run("select exists (select 1 from delivery)").scalar()


def _recorded(database: Database, stage: Stage, bought: Purchase) -> pgbench.Recording:
    """Return the SQL of one attendance; the queue's own upkeep, done for a hundred at once, is left out."""

    def once() -> None:
        with database.system() as tx:
            store(tx, _arrivals(stage, [bought] * STUDENTS, 1), CONSUMERS)
        (delivery,) = claim(database, 1, fresh=True)
        assert Handler(database, CONSUMERS).handle(delivery)

    return pgbench.record(database, once).without("insert into delivery", "update delivery")
