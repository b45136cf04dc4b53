"""Takes committed events out of the outbox and hands them on: to the broker, or straight to the subscribers.

Rows are taken by lock, never by "id greater than the last one": ids are given out before commits happen.
A row is deleted in the transaction that handed it on, so a crash in between hands it on again: at least once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from shared import telemetry
from shared.db import Database
from shared.inbox import AnyConsumer, Arrival, matching, store

BATCH = 500
_TAKE = (
    "select id, institution_id::text, event_id::text, type, aggregate_id, campus_id::text, body, traceparent,"
    " create_time from outbox where retry_time is null or retry_time <= clock_timestamp() order by id limit %s"
    " for update skip locked"
)
_DROP = "delete from outbox where id = any(%s)"
_POSTPONE = (
    "update outbox set returns = returns + 1, retry_time = clock_timestamp() + interval '30 seconds' where id = any(%s)"
)


class Sink(Protocol):
    """Where events go. Returns the positions that nobody took."""

    def send(self, arrivals: Sequence[Arrival]) -> set[int]: ...


class DirectSink:
    """Without a broker: writes into the subscribers' own delivery tables, each in one transaction."""

    def __init__(
        self,
        subscribers: Mapping[str, tuple[Database, Sequence[AnyConsumer]]],
        stored: Mapping[str, threading.Event] | None = None,
    ) -> None:
        self._subscribers = subscribers
        self._stored = stored or {}

    def send(self, arrivals: Sequence[Arrival]) -> set[int]:
        """Store the events for every subscriber; an event without one is reported as not taken."""
        unwanted = set(range(len(arrivals)))
        for name, (database, consumers) in self._subscribers.items():
            wanted = [n for n, arrival in enumerate(arrivals) if matching(consumers, arrival.type)]
            if wanted:
                with database.system() as tx:
                    store(tx, [arrivals[n] for n in wanted], consumers)
                if name in self._stored:
                    self._stored[name].set()
                unwanted.difference_update(wanted)
        return unwanted


class Relay:
    """Moves one service's outbox; one is active per service, which keeps the order per aggregate."""

    def __init__(self, service: str, database: Database, sink: Sink) -> None:
        self._service = service
        self._database = database
        self._sink = sink

    def run_once(self) -> int:
        """Hand on one batch; return how many rows it had."""
        with self._database.system() as tx:
            rows = tx.run(_TAKE, (BATCH,)).all()
            if not rows:
                return 0
            arrivals = [Arrival(r[1], r[2], r[3], r[4], r[0], r[5], r[6], r[7], r[8]) for r in rows]
            returned = self._sink.send(arrivals)
            sent = [row.id for n, row in enumerate(rows) if n not in returned]
            tx.run(_DROP, (sent,))
            if returned:
                tx.run(_POSTPONE, ([rows[n].id for n in sorted(returned)],))
                telemetry.RETURNED.labels(self._service).inc(len(returned))
            telemetry.RELAYED.labels(self._service).inc(len(sent))
        return len(rows)
