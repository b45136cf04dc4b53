"""Events that an open transaction is going to publish."""

from __future__ import annotations

import json
from typing import Any

from shared.db import Tx

_OUTBOX_COLUMNS = 8
_TYPE, _BODY = 3, 5


def published(tx: Tx, name: str) -> list[dict[str, Any]]:
    """Return the bodies of the buffered events of billing with this name, oldest first."""
    rows = [row for sql, row in tx._closing if sql.startswith("insert into outbox")]  # noqa: SLF001 - not committed yet
    assert all(len(row) == _OUTBOX_COLUMNS for row in rows)
    return [json.loads(str(row[_BODY])) for row in rows if row[_TYPE] == f"billing.{name}.v1"]
