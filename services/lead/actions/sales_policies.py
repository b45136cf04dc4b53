"""What a chain has decided about how it sells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.lead.models import SalesPolicy
from services.lead.rules import scorecard
from shared.db import Tx
from shared.errors import InvalidInput

DEFAULTS: dict[str, Any] = {
    "response_limit_minutes": 30,
    "reminder_minutes": 30,
    "escalate_minutes": 1440,
    "scorecard_weights": None,
}
EDITABLE = tuple(DEFAULTS)


def get(tx: Tx) -> SalesPolicy:
    """Return the policy of the institution; one that is not stored when the chain has decided nothing."""
    row = tx.session.get(SalesPolicy, (tx.institution_id, tx.institution_id))
    return row or SalesPolicy(id=tx.institution_id, **DEFAULTS)


def weights(row: SalesPolicy) -> dict[str, int]:
    """Return how much each input of a score card counts, in percent."""
    return row.scorecard_weights or scorecard.DEFAULT_WEIGHTS


def update(tx: Tx, changes: Mapping[str, Any]) -> SalesPolicy:
    """Change what is named. Raises CHAIN_SCOPE_NEEDED, InvalidInput WEIGHTS_INVALID."""
    tx.check_chain()
    wanted = changes.get("scorecard_weights")
    if wanted is not None and sum(wanted.values()) != scorecard.WHOLE:
        raise InvalidInput("sales_policy.scorecard_weights", "the weights add up to 100", "WEIGHTS_INVALID")
    row = get(tx)
    for name, value in changes.items():
        setattr(row, name, value)
    tx.session.add(row)
    tx.session.flush()
    return row
