"""Which flow a document goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

# So long a step may wait before others are told.
PATIENCE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a flow applies to: a campus (None: all), from an amount and from a discount of the list price on."""

    flow_id: UUID
    campus_id: UUID | None
    from_amount_fen: int
    from_discount_basis_points: int


def choose(flows: Iterable[Reach], *, campus_id: UUID, amount_fen: int, discount_basis_points: int) -> UUID | None:
    """Return the flow of a document: that of its campus goes first, then the largest discount, then amount."""
    reached = [
        flow
        for flow in flows
        if flow.campus_id in {None, campus_id}
        and amount_fen >= flow.from_amount_fen
        and discount_basis_points >= flow.from_discount_basis_points
    ]
    if not reached:
        return None
    best = max(
        reached,
        key=lambda flow: (
            flow.campus_id is not None,
            flow.from_discount_basis_points,
            flow.from_amount_fen,
            flow.flow_id.int,
        ),
    )
    return best.flow_id
