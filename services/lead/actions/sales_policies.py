"""What a chain has decided about how it sells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.lead.models import SalesPolicy
from shared.db import Tx

DEFAULTS: dict[str, Any] = {"response_limit_minutes": 30, "reminder_minutes": 30, "escalate_minutes": 1440}
EDITABLE = tuple(DEFAULTS)


def get(tx: Tx) -> SalesPolicy:
    """Return the policy of the institution; one that is not stored when the chain has decided nothing."""
    row = tx.session.get(SalesPolicy, (tx.institution_id, tx.institution_id))
    return row or SalesPolicy(id=tx.institution_id, **DEFAULTS)


def update(tx: Tx, changes: Mapping[str, Any]) -> SalesPolicy:
    """Change what is named. Raises CHAIN_SCOPE_NEEDED."""
    tx.check_chain()
    row = get(tx)
    for name, value in changes.items():
        setattr(row, name, value)
    tx.session.add(row)
    tx.session.flush()
    return row
