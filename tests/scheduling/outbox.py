"""Events that a transaction would publish, read back as messages."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message

from shared.db import Tx
from shared.events import decode, describe

E = TypeVar("E", bound=Message)


def published(tx: Tx, event: type[E]) -> list[E]:
    """Return the events of one type so far, oldest first."""
    tx.session.flush()
    for sql, parameters in tx._closing:  # noqa: SLF001 - they leave with the commit, which a test never reaches
        tx.connection.exec_driver_sql(sql, parameters)
    tx._closing.clear()  # noqa: SLF001 - as above
    kind = describe(event.DESCRIPTOR).name
    rows = tx.run("select body from outbox where type = %s order by id", (kind,)).scalars()
    return [decode(tx.institution_id, body, event) for body in rows]
