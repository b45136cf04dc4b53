"""Deliveries that gave up: list them, replay them. `python -m services <name> parked [replay <id>|replay-all]`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Tx
from shared.errors import NotFound

_LIST = (
    "select id, institution_id, consumer, type, aggregate_id, attempts, error, event_time from delivery"
    " where parked order by id limit %s"
)
_REPLAY = (
    "update delivery set parked = false, attempts = 0, next_time = clock_timestamp(), error = ''"
    " where id = %s and parked returning institution_id, consumer, event_id"
)


@dataclass(frozen=True, slots=True)
class ParkedDelivery:
    """One parked delivery; its body is not shown because it may hold personal data."""

    id: int
    institution_id: UUID
    consumer: str
    type: str
    aggregate_id: str
    attempts: int
    error: str
    event_time: datetime


def page(tx: Tx, limit: int = 200) -> list[ParkedDelivery]:
    """Return the oldest parked deliveries that the transaction may see."""
    return [ParkedDelivery(*row) for row in tx.run(_LIST, (limit,))]


def replay(tx: Tx, delivery_id: int) -> None:
    """Put a parked delivery back as if it had just arrived; audited. Raises NotFound when it is not parked."""
    row = tx.run(_REPLAY, (delivery_id,)).one_or_none()
    if row is None:
        raise NotFound("parked_delivery", delivery_id)
    tx.enter(row.institution_id)
    tx.audit("parked.replay", "delivery", delivery_id, consumer=row.consumer, event_id=row.event_id)
