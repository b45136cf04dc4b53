"""How often one address gets advertising, as the institution decides it from a day on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from services.notification.models import FrequencyCap
from services.notification.rules.gate import DEFAULT_CAPS
from shared.db import Tx


def create(tx: Tx, *, window_days: int, max_count: int) -> FrequencyCap:
    """Cap what an address gets in a window of days from now on; 0 lets nothing through.

    Raises NotAllowed CHAIN_SCOPE_NEEDED.
    """
    tx.check_chain()
    row = FrequencyCap(start_time=tx.now, window_days=window_days, max_count=max_count)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("frequency_cap.created", "frequency_cap", row.id, window_days=window_days, max_count=max_count)
    return row


def every(tx: Tx) -> Sequence[FrequencyCap]:
    """Return all that was ever set, the newest first."""
    query = select(FrequencyCap).where(FrequencyCap.institution_id == tx.institution_id)
    return tx.session.scalars(query.order_by(FrequencyCap.start_time.desc(), FrequencyCap.id.desc())).all()


def current(tx: Tx) -> Mapping[int, int]:
    """Return the most messages by window in days, the shipped ones where nothing was set."""
    return dict(DEFAULT_CAPS) | {row.window_days: row.max_count for row in reversed(every(tx))}
