"""Rows that are written in bulk, past the session."""

from __future__ import annotations

from typing import Any

from shared.db import Tx
from shared.ids import uuid7


def stamped(tx: Tx, **values: object) -> dict[str, Any]:
    """Return the values of a new row with the columns that every table has."""
    return {
        "institution_id": tx.institution_id,
        "id": uuid7(),
        "create_time": tx.now,
        "update_time": tx.now,
        **values,
    }
