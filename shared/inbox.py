"""Deliveries: stored first, then handled; the effect and the done mark commit together.

A delivery is one event for one consumer. Claiming it counts the attempt and sets the time of the next one in
advance, so a worker that dies needs no clean-up: the delivery simply comes due again. First attempts run side by
side, those of a wild consumer together; repeats run alone, so an event that kills its worker takes no neighbour along.
After the last attempt the delivery is parked with its error until a person replays it. `inbox` holds what is done, and
is never changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from opentelemetry.trace import SpanKind

from shared import telemetry
from shared.caller import Caller
from shared.db import Database, Tx
from shared.events import decode, describe
from shared.settings import settings

log = logging.getLogger(__name__)
E = TypeVar("E", bound=Message)
EVERYTHING = "#"

_STORE = (
    "insert into delivery (institution_id, event_id, consumer, type, aggregate_id, sequence, campus_id, body,"
    " traceparent, event_time) select r.institution_id, r.event_id, r.consumer, r.type, r.aggregate_id, r.sequence,"
    " r.campus_id, r.body, r.traceparent, r.event_time from unnest(%(institution)s::uuid[], %(event)s::uuid[],"
    " %(consumer)s::text[], %(type)s::text[], %(aggregate)s::text[], %(sequence)s::bigint[], %(campus)s::uuid[],"
    " %(body)s::text[], %(trace)s::text[], %(time)s::timestamptz[]) as r (institution_id, event_id, consumer, type,"
    " aggregate_id, sequence, campus_id, body, traceparent, event_time) where not exists (select 1 from inbox i"
    " where i.institution_id = r.institution_id and i.event_id = r.event_id and i.consumer = r.consumer)"
    " on conflict (institution_id, event_id, consumer) do nothing"
)
# Mostly nothing waits, and that is what the planner knows of the table: in a burst it would join all with all, or ask
# for the next few again and again. A look into the index for each row, and an array made once, need no estimate.
_CLAIM = """
update delivery set attempts = attempts + 1,
  next_time = clock_timestamp() + least(%(base)s * power(2, attempts), 600) * interval '1 second'
where id = any (array(
  select d.id from delivery d
  where not d.parked and d.next_time <= clock_timestamp() and {which}{among}
    and d.sequence = (select min(e.sequence) from delivery e where e.consumer = d.consumer
                      and e.aggregate_id = d.aggregate_id and not e.parked)
  order by d.id limit %(limit)s for update skip locked))
returning id, institution_id, event_id, consumer, aggregate_id, sequence, body, traceparent, event_time, attempts,
  type, campus_id"""
_FRESH, _REPEAT = "d.attempts = 0", "d.attempts > 0"
_MARK = "insert into inbox (institution_id, event_id, consumer, aggregate_id, sequence) values (%s, %s, %s, %s, %s)"
_MARK_ALL = "insert into inbox (institution_id, event_id, consumer) select %s, unnest(%s::uuid[]), %s"
_DROP = "delete from delivery where id = %s"
_DROP_ALL = "delete from delivery where id = any(%s)"
_LATER_DONE = "select exists (select 1 from inbox where consumer = %s and aggregate_id = %s and sequence > %s)"
_PARK = "update delivery set parked = true, error = %s where id = %s"
_FAIL = "update delivery set error = %s, parked = attempts >= %s where id = %s"


@dataclass(frozen=True, slots=True)
class Consumer(Generic[E]):
    """A subscription: `function(tx, event)` runs once per event, in one transaction, as the institution's system.

    `ordered` parks an event that arrives after a later one of the same aggregate was handled already.
    """

    name: str
    event: type[E]
    function: Callable[[Tx, E], None]
    ordered: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The routing key of the event."""
        return (describe(self.event.DESCRIPTOR).name,)

    def run(self, tx: Tx, delivery: Delivery) -> None:
        """Decode and handle one delivery."""
        self.function(tx, decode(delivery.institution_id, delivery.body, self.event))


@dataclass(frozen=True, slots=True)
class WildConsumer:
    """A subscription to many kinds of events, undecoded and in no order; many at once share a transaction."""

    name: str
    function: Callable[[Tx, Sequence[Delivery]], None]
    keys: tuple[str, ...] = (EVERYTHING,)
    ordered: bool = False

    def run(self, tx: Tx, delivery: Delivery) -> None:
        """Handle one delivery."""
        self.function(tx, [delivery])


AnyConsumer = Consumer[Any] | WildConsumer


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it comes from the relay or the broker."""

    institution_id: str
    event_id: str
    type: str
    aggregate_id: str
    sequence: int
    campus_id: str | None
    body: str
    traceparent: str
    event_time: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery; `sequence` grows with the order in which the publisher wrote its events."""

    id: int
    institution_id: UUID
    event_id: UUID
    consumer: str
    aggregate_id: str
    sequence: int
    body: str
    traceparent: str
    event_time: datetime
    attempts: int
    type: str
    campus_id: UUID | None


class LateEventError(Exception):
    """A later event of the same aggregate was handled before this one."""


def matching(consumers: Iterable[AnyConsumer], event_type: str) -> list[str]:
    """Return the names of the consumers that subscribe to an event type."""
    return [consumer.name for consumer in consumers if {EVERYTHING, event_type} & {*consumer.keys}]


def store(tx: Tx, arrivals: Sequence[Arrival], consumers: Sequence[AnyConsumer]) -> None:
    """Store arrivals for every consumer that wants them; what is stored or done already is left alone."""
    pairs = [(arrival, name) for arrival in arrivals for name in matching(consumers, arrival.type)]
    if not pairs:
        return
    columns = {
        "institution": [a.institution_id for a, _ in pairs],
        "event": [a.event_id for a, _ in pairs],
        "consumer": [name for _, name in pairs],
        "type": [a.type for a, _ in pairs],
        "aggregate": [a.aggregate_id for a, _ in pairs],
        "sequence": [a.sequence for a, _ in pairs],
        "campus": [a.campus_id for a, _ in pairs],
        "body": [a.body for a, _ in pairs],
        "trace": [a.traceparent for a, _ in pairs],
        "time": [a.event_time for a, _ in pairs],
    }
    tx.run(_STORE, columns)


def claim(
    database: Database, limit: int, *, fresh: bool, among: str = "", values: Mapping[str, object] | None = None
) -> list[Delivery]:
    """Count an attempt on due deliveries, the earliest of each aggregate, and return them.

    `among` is an SQL condition on delivery `d` for those who share the work out; its parameters are `values`.
    """
    statement = _CLAIM.format(which=_FRESH if fresh else _REPEAT, among=f" and {among}" if among else "")
    with database.system() as tx, tx.along_indexes():
        rows = tx.run(statement, {"limit": limit, "base": settings().retry_seconds, **(values or {})}).all()
    return sorted((Delivery(*row) for row in rows), key=lambda delivery: delivery.id)


class Handler:
    """Runs claimed deliveries of one service."""

    def __init__(self, database: Database, consumers: Iterable[AnyConsumer]) -> None:
        self._database = database
        self._consumers = {consumer.name: consumer for consumer in consumers}

    def groups(self, deliveries: Iterable[Delivery]) -> list[list[Delivery]]:
        """Return what is handled in one transaction: all of a wild consumer and institution, every other alone."""
        together: dict[tuple[str, UUID, int], list[Delivery]] = {}
        for delivery in deliveries:
            wild = isinstance(self._consumers.get(delivery.consumer), WildConsumer)
            key = (delivery.consumer, delivery.institution_id, 0 if wild else delivery.id)
            together.setdefault(key, []).append(delivery)
        return list(together.values())

    def handle_group(self, deliveries: Sequence[Delivery]) -> None:
        """Handle one of `groups`; what cannot be done together is done one by one, which shows the one at fault."""
        if len(deliveries) > 1:
            try:
                self._apply_all(deliveries)
            except Exception:
                facts = {"consumer": deliveries[0].consumer, "count": len(deliveries)}
                log.info("events handled one by one", exc_info=True, extra={"facts": facts})
            else:
                for delivery in deliveries:
                    _observe_lag(delivery)
                return
        for delivery in deliveries:
            self.handle(delivery)

    def handle(self, delivery: Delivery) -> bool:
        """Handle one delivery; return whether it is done. A failure is recorded, and parked after the last attempt."""
        limit = settings().max_attempts
        if delivery.attempts > limit:
            self._record(delivery, _PARK, "the worker died each time it handled this event", delivery.id)
            return False
        with telemetry.span(delivery.consumer, parent=delivery.traceparent, kind=SpanKind.CONSUMER):
            try:
                with telemetry.timed(telemetry.EVENT_SECONDS, delivery.consumer):
                    self._apply(delivery)
            except LateEventError:
                self._record(delivery, _PARK, "LATE: a later event of the same aggregate was handled", delivery.id)
            except Exception as error:
                if _was_done(error):
                    self._record(delivery, _DROP, delivery.id)
                    return True
                facts = {"consumer": delivery.consumer, "event_id": delivery.event_id, "attempt": delivery.attempts}
                log.warning("event not handled", exc_info=True, extra={"facts": facts})
                self._record(delivery, _FAIL, type(error).__name__, limit, delivery.id)
            else:
                _observe_lag(delivery)
                return True
        return False

    def _apply(self, delivery: Delivery) -> None:
        consumer = self._consumers[delivery.consumer]
        with self._database.begin(Caller.system(delivery.institution_id)) as tx:
            self._mark_done(tx, delivery, ordered=consumer.ordered)
            aggregate = (delivery.consumer, delivery.aggregate_id, delivery.sequence)
            if consumer.ordered and tx.run(_LATER_DONE, aggregate).scalar():
                raise LateEventError
            consumer.run(tx, delivery)

    def _apply_all(self, deliveries: Sequence[Delivery]) -> None:
        first = deliveries[0]
        consumer = self._consumers[first.consumer]
        if not isinstance(consumer, WildConsumer):
            raise TypeError(f"{first.consumer} handles one event at a time")
        with (
            telemetry.span(first.consumer, parent=first.traceparent, kind=SpanKind.CONSUMER),
            telemetry.timed(telemetry.EVENT_SECONDS, first.consumer),
            self._database.begin(Caller.system(first.institution_id)) as tx,
        ):
            events = [str(delivery.event_id) for delivery in deliveries]
            tx.soon(_MARK_ALL, (str(first.institution_id), events, first.consumer))
            tx.later(_DROP_ALL, [delivery.id for delivery in deliveries])
            consumer.function(tx, deliveries)

    def _mark_done(self, tx: Tx, delivery: Delivery, *, ordered: bool) -> None:
        """Mark ahead of the handler's first statement; the key of the inbox refuses a second time, and so all of it."""
        place = (delivery.aggregate_id, delivery.sequence) if ordered else (None, None)
        tx.soon(_MARK, (str(delivery.institution_id), str(delivery.event_id), delivery.consumer, *place))
        tx.later(_DROP, delivery.id)

    def _record(self, delivery: Delivery, statement: str, *parameters: object) -> None:
        with self._database.begin(Caller.system(delivery.institution_id)) as tx:
            tx.run(statement, parameters)


def _observe_lag(delivery: Delivery) -> None:
    lag = (datetime.now(UTC) - delivery.event_time).total_seconds()
    telemetry.child(telemetry.EVENT_LAG, delivery.consumer).observe(max(0.0, lag))


def _was_done(error: Exception) -> bool:
    """Say whether the inbox has refused a second handling."""
    original = getattr(error, "orig", None)
    return getattr(getattr(original, "diag", None), "constraint_name", None) == "inbox_pkey"
