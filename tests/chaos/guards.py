"""The guards of the bus, each taken away: what the product must not be, for proving that the chaos run would notice.

Nothing here is reachable from the product; a process of the chaos run exchanges one part before it starts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shared import bus, worker
from shared.bus import AmqpSink
from shared.db import Database, Tx
from shared.inbox import AnyConsumer, Arrival, Delivery, Handler, matching
from shared.relay import Relay, Sink

_STORE = (
    "insert into delivery (institution_id, event_id, consumer, type, aggregate_id, sequence, campus_id, body,"
    " traceparent, event_time) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " on conflict (institution_id, event_id, consumer) do nothing"
)
_AFTER = (
    "select id, institution_id::text, event_id::text, type, aggregate_id, campus_id::text, body, traceparent,"
    " create_time from outbox where id > %s order by id limit 200"
)


def store_again(tx: Tx, arrivals: Sequence[Arrival], consumers: Sequence[AnyConsumer]) -> None:
    """Store arrivals without asking the inbox whether they were handled before."""
    for a in arrivals:
        for name in matching(consumers, a.type):
            head = (a.institution_id, a.event_id, name, a.type, a.aggregate_id, a.sequence)
            tx.run(_STORE, (*head, a.campus_id, a.body, a.traceparent, a.event_time))


class ForgetfulHandler(Handler):
    """Handles a delivery without marking it done."""

    def _mark_done(self, tx: Tx, delivery: Delivery, *, ordered: bool) -> None:
        del ordered
        tx.later("delete from delivery where id = %s", delivery.id)


class HopefulSink(AmqpSink):
    """Publishes and believes that the broker has it."""

    def send(self, arrivals: Sequence[Arrival]) -> set[int]:
        """Publish without waiting for confirmations."""
        try:
            channel = self._open()
            for arrival in arrivals:
                self._publish(channel, arrival)
        except BaseException:
            self.close()
            raise
        self._pending.clear()
        return set()


class CursorRelay(Relay):
    """Takes the events behind the last one that it has seen, as if ids were given out in the order of commits.

    It remembers its place in a file, as such relays do: one that forgot it would find again what it had missed.
    """

    def __init__(self, service: str, database: Database, sink: Sink) -> None:
        super().__init__(service, database, sink)
        self._place = Path(os.environ["CHAOS_CURSOR"])

    def run_once(self) -> int:
        """Hand on the next batch."""
        last = int(self._place.read_text()) if self._place.exists() else 0
        with self._database.system() as tx:
            rows = tx.run(_AFTER, (last,)).all()
            if rows:
                self._sink.send([Arrival(r[1], r[2], r[3], r[4], r[0], r[5], r[6], r[7], r[8]) for r in rows])
                tx.run("delete from outbox where id = any(%s)", ([row.id for row in rows],))
        if rows:
            draft = self._place.with_suffix(".new")
            draft.write_text(str(rows[-1].id))
            draft.rename(self._place)
        return len(rows)


def _no_inbox() -> None:
    setattr(worker, "Handler", ForgetfulHandler)  # noqa: B010 - exchanged on purpose, and mypy is right to mind
    setattr(bus, "store", store_again)  # noqa: B010


def _no_confirms() -> None:
    setattr(worker, "AmqpSink", HopefulSink)  # noqa: B010


def _cursor() -> None:
    setattr(worker, "Relay", CursorRelay)  # noqa: B010


# `dual_write` concerns the writers only, see tests.chaos.run.
REMOVALS: Mapping[str, Callable[[], None]] = {
    "none": lambda: None,
    "no_inbox": _no_inbox,
    "no_confirms": _no_confirms,
    "dual_write": lambda: None,
    "cursor": _cursor,
}
CONTROLS = tuple(name for name in REMOVALS if name != "none")
