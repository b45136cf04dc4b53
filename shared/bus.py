"""The broker. Only this module and `shared.worker` know nameko, so the day it must go costs two files.

Every service has one quorum queue, declared by `migrate` before anything publishes. A message is acknowledged once
it is stored as a delivery; one that cannot be read is rejected into the dead queue, never acknowledged away.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import amqp
import eventlet
from kombu import Connection, Exchange, Queue
from nameko.extensions import Entrypoint
from nameko.messaging import Consumer as NamekoConsumer
from nameko.messaging import QueueConsumer

from shared.db import Database
from shared.inbox import AnyConsumer, Arrival, store

log = logging.getLogger(__name__)

EVENTS = Exchange("lianxiao.events", type="topic", durable=True)
DEAD = Exchange("lianxiao.dead", type="fanout", durable=True)
PREFETCH = 200
_CONFIRM_SECONDS = 15
_PAUSE_SECONDS = 1.0
_RECONNECT_SECONDS = 2.5
_CE = "cloudEvents:"
_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-delivery-limit": 20,
    "x-dead-letter-exchange": DEAD.name,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def queue_of(service: str, consumers: Iterable[AnyConsumer]) -> Queue:
    """Return the queue of a service, bound to every event that its consumers want."""
    keys = sorted({key for consumer in consumers for key in consumer.keys})
    bindings = [EVENTS.binding(routing_key=key) for key in keys] if keys else []
    return Queue(f"lianxiao.{service}", bindings=bindings, queue_arguments=_ARGUMENTS, durable=True)


def declare(url: str, service: str, consumers: Iterable[AnyConsumer]) -> None:
    """Create exchanges, the dead queue and the queue of a service on the broker; safe to run again."""
    dead = Queue(DEAD.name, exchange=DEAD, queue_arguments=_ARGUMENTS, durable=True)
    with Connection(url, connect_timeout=5) as connection:
        channel = connection.channel()
        for declarable in (EVENTS, DEAD, dead, queue_of(service, consumers)):
            declarable.bind(channel).declare()
        channel.close()


class AmqpSink:
    """Publishes persistent, mandatory messages in batches and waits until the broker has confirmed every one."""

    def __init__(self, url: str, source: str) -> None:
        self._url = url
        self._source = source
        self._connection: Any = None
        self._channel: Any = None
        self._last_tag = 0
        self._pending: set[int] = set()
        self._returned: set[str] = set()
        self._refused = False

    def send(self, arrivals: Sequence[Arrival]) -> set[int]:
        """Publish; return the positions that no queue took. Raises when the broker is away or refuses a message."""
        try:
            with eventlet.Timeout(_CONFIRM_SECONDS):
                channel = self._open()
                for arrival in arrivals:
                    self._publish(channel, arrival)
                while self._pending:
                    channel.connection.drain_events(timeout=_CONFIRM_SECONDS)
        except BaseException:
            self.close()
            raise
        if self._refused:
            self.close()
            raise amqp.exceptions.ConnectionError("the broker refused a message")
        returned = {n for n, arrival in enumerate(arrivals) if arrival.event_id in self._returned}
        self._returned.clear()
        return returned

    def close(self) -> None:
        """Drop the connection at once; half-open ones would keep unconfirmed state."""
        connection, self._connection, self._channel = self._connection, None, None
        self._pending.clear()
        self._returned.clear()
        self._refused = False
        if connection is not None:
            with eventlet.Timeout(2, False):  # noqa: FBT003 - eventlet's way to say "do not raise"
                connection.collect()

    def _open(self) -> Any:
        if self._channel is None:
            self._connection = Connection(self._url, connect_timeout=5, heartbeat=10)
            self._connection.connect()
            channel = self._connection.channel()
            EVENTS.bind(channel).declare()
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
            channel.events["basic_return"].add(self._on_return)
            self._channel, self._last_tag = channel, 0
        return self._channel

    def _publish(self, channel: Any, arrival: Arrival) -> None:
        headers = {
            f"{_CE}specversion": "1.0",
            f"{_CE}id": arrival.event_id,
            f"{_CE}type": arrival.type,
            f"{_CE}source": f"/{self._source}",
            f"{_CE}subject": arrival.aggregate_id,
            f"{_CE}time": arrival.event_time.isoformat(),
            f"{_CE}institution": arrival.institution_id,
            f"{_CE}campus": arrival.campus_id or "",
            f"{_CE}sequence": arrival.sequence,
            "traceparent": arrival.traceparent,
        }
        message = amqp.Message(
            arrival.body,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=arrival.event_id,
            application_headers=headers,
        )
        channel.basic_publish(message, exchange=EVENTS.name, routing_key=arrival.type, mandatory=True)
        self._last_tag += 1
        self._pending.add(self._last_tag)

    def _on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's signature
        self._pending = {t for t in self._pending if t > tag} if multiple else self._pending - {tag}

    def _on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's signature
        self._refused = True
        self._on_ack(tag, multiple)

    def _on_return(self, _error: Exception, _exchange: str, _key: str, message: Any) -> None:
        self._returned.add(message.properties["message_id"])


class ManyAtOnce(QueueConsumer):
    """nameko's consumer with our own prefetch, quick to come back, and rejecting what cannot be decoded."""

    @property
    def prefetch_count(self) -> int:
        """How many unacknowledged messages the broker may hand over."""
        return PREFETCH

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        """Connect; kombu's own pauses grow to half a minute, which a broker that is back need not wait out."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, interval_start=0.5, interval_max=_RECONNECT_SECONDS)
            yield connection

    def on_decode_error(self, message: Any, _error: Exception) -> None:
        """Send an unreadable message to the dead queue; nameko would acknowledge it away."""
        message.reject()


class Inlet(NamekoConsumer):
    """Stores messages as deliveries, many per transaction, and acknowledges them after the commit."""

    queue_consumer = ManyAtOnce()

    def __init__(
        self,
        queue: Queue,
        database: Database,
        consumers: Sequence[AnyConsumer],
        stored: threading.Event | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(queue, **extra)
        self._stored = stored or threading.Event()
        self._database = database
        self._wanted = consumers
        self._arrived: list[Any] = []
        self._wake = threading.Event()
        self._ending = False
        self._thread: Any = None

    def start(self) -> None:
        """Start the storing thread."""
        self._thread = self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        """Stop consuming, then store what is still in memory."""
        super().stop()
        self._ending = True
        self._wake.set()
        if self._thread is not None:
            self._thread.wait()

    def handle_message(self, _body: object, message: Any) -> None:
        """Take a message over from the broker's thread."""
        self._arrived.append(message)
        self._wake.set()

    def _run(self) -> None:
        while not self._ending or self._arrived:
            self._wake.wait(_PAUSE_SECONDS)
            self._wake.clear()
            messages, self._arrived = self._arrived, []
            if messages:
                self._store(messages)

    def _store(self, messages: list[Any]) -> None:
        arrivals = []
        readable = []
        for message in messages:
            try:
                arrivals.append(_arrival(message))
                readable.append(message)
            except (KeyError, ValueError, TypeError, AttributeError):
                log.exception("unreadable message rejected")
                message.reject()
        try:
            with self._database.system() as tx:
                store(tx, arrivals, self._wanted)
        except Exception:
            log.warning("messages not stored; trying again", exc_info=True)
            self._arrived = readable + self._arrived
            eventlet.sleep(_PAUSE_SECONDS)
            self._wake.set()
            return
        self._stored.set()
        for message in readable:
            self.queue_consumer.ack_message(message)


def _arrival(message: Any) -> Arrival:
    """Read a message. Raises for one that the table could not take: it would keep its whole batch from being stored."""
    headers = message.headers
    body = message.body.decode() if isinstance(message.body, bytes) else str(message.body)
    if "\0" in body:
        raise ValueError("PostgreSQL has no such character")
    return Arrival(
        institution_id=str(UUID(headers[f"{_CE}institution"])),
        event_id=str(UUID(headers[f"{_CE}id"])),
        type=headers[f"{_CE}type"],
        aggregate_id=headers[f"{_CE}subject"],
        sequence=int(headers[f"{_CE}sequence"]),
        campus_id=str(UUID(headers[f"{_CE}campus"])) if headers[f"{_CE}campus"] else None,
        body=body,
        traceparent=headers.get("traceparent", ""),
        event_time=datetime.fromisoformat(headers[f"{_CE}time"]),
    )


class Loop(Entrypoint):
    """Calls a function over and over: at once while it says that more waits, else after a pause.

    Pauses grow from the first to the second length while nothing happens, so that an idle worker costs little; `wake`
    cuts them short.
    """

    def __init__(
        self,
        function: Callable[[], bool],
        pauses: tuple[float, float],
        wake: threading.Event | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(**extra)
        self._function = function
        self._pauses = pauses
        self._wake = wake or threading.Event()
        self._stopping = False
        self._thread: Any = None

    def start(self) -> None:
        """Start the loop's green thread."""
        self._thread = self.container.spawn_managed_thread(self._run)

    def stop(self) -> None:
        """Let the current round finish."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.wait()

    def _run(self) -> None:
        pause, longest = self._pauses
        while not self._stopping:
            self._wake.clear()
            try:
                busy = self._function()
            except Exception:
                log.warning("%s failed; trying again", self.method_name, exc_info=True)
                self._wake.wait(_PAUSE_SECONDS)
                continue
            if busy:
                pause = self._pauses[0]
                eventlet.sleep(0)
            elif self._wake.wait(pause):
                pause = self._pauses[0]
            else:
                pause = min(pause * 1.5, longest)
