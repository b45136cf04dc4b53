"""Events that an open transaction is going to publish."""

from __future__ import annotations

import json
from typing import Any

from shared.db import Tx


def published(tx: Tx, name: str) -> list[dict[str, Any]]:
    """Return the bodies of the buffered events of billing with this name, oldest first."""
    return [json.loads(row["body"]) for row in tx.events if row["type"] == f"billing.{name}.v1"]
