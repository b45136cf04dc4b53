"""Hands events to consumers as the bus would: stored, claimed, handled; more than once if a test asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from shared.db import Database
from shared.events import decode, describe, encode
from shared.ids import uuid7
from shared.inbox import AnyConsumer, Arrival, Delivery, Handler, store

E = TypeVar("E", bound=Message)
_SEQUENCE = count(1)


def arrival(institution: UUID, event: Message, event_id: UUID | None = None) -> Arrival:
    """Return an event as it would leave the relay."""
    kind = describe(event.DESCRIPTOR)
    campus = (getattr(event, kind.campus) or None) if kind.campus else None
    return Arrival(
        institution_id=str(institution),
        event_id=str(event_id or uuid7()),
        type=kind.name,
        aggregate_id=getattr(event, kind.aggregate),
        sequence=next(_SEQUENCE),
        campus_id=campus,
        body=encode(institution, event, kind),
        traceparent="",
        event_time=datetime.now(UTC),
    )


def deliver(
    database: Database, consumers: Sequence[AnyConsumer], event: Message, institution: UUID, *, times: int = 1
) -> int:
    """Deliver one event `times` times to all matching consumers; return how many handlings ended well.

    A handler's error is raised, so that a test sees it.
    """
    message = arrival(institution, event)
    done = 0
    for _ in range(times):
        with database.system() as tx:
            store(tx, [message], consumers)
        for delivery in waiting(database, message.event_id):
            done += _Raising(database, consumers).handle(delivery)
    return done


def waiting(database: Database, event_id: str) -> list[Delivery]:
    """Return the deliveries of one event, with an attempt counted."""
    columns = "id, institution_id, event_id, consumer, aggregate_id, sequence, body, traceparent, event_time"
    with database.system() as tx:
        rows = tx.run(
            f"update delivery set attempts = attempts + 1 where event_id = %s returning {columns}, attempts,"  # noqa: S608 - constant text
            " type, campus_id",
            (event_id,),
        ).all()
    return [Delivery(*row) for row in rows]


def published(tx_or_database: Any, institution: UUID, kind: str = "") -> list[dict[str, Any]]:
    """Return the bodies of the committed events of an institution in the outbox, oldest first, with their type."""
    with tx_or_database.system() as tx:
        rows = tx.run(
            "select type, body from outbox where institution_id = %s and type like %s order by id",
            (str(institution), f"%{kind}%"),
        ).all()
    return [{"type": row.type} | json.loads(row.body) for row in rows]


def told(database: Database, institution: UUID, kind: type[E]) -> list[E]:
    """Return the committed events of a kind in the outbox, oldest first, opened."""
    name = describe(kind.DESCRIPTOR).name
    found = [body for body in published(database, institution, name) if body.pop("type") == name]
    return [decode(institution, json.dumps(body), kind) for body in found]


class _Raising(Handler):
    """A handler that shows errors to the test instead of recording them."""

    def handle(self, delivery: Delivery) -> bool:
        self._apply(delivery)
        return True
