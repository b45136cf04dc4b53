"""Events that a transaction would publish, read back as messages."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from shared.db import Tx
from shared.events import decode, describe

E = TypeVar("E", bound=Message)


def published(tx: Tx, event: type[E]) -> list[E]:
    """Return the events of one type so far, oldest first."""
    kind = describe(event.DESCRIPTOR).name
    return [decode(tx.institution_id, row["body"], event) for row in tx.events if row["type"] == kind]
