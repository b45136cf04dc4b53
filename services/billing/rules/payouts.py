"""How a refund goes back the way the money came: each payment gets at most what it brought in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from shared.errors import Refused

TRANSFER = "transfer"


class Source(NamedTuple):
    """A payment, and what has not gone back to it yet in fen."""

    payment_id: UUID
    method: str
    left_fen: int


class Payout(NamedTuple):
    """What goes back by one way; without a payment it is paid by transfer."""

    payment_id: UUID | None
    method: str
    amount_fen: int


def spread(amount_fen: int, sources: Sequence[Source], *, beside_fen: int = 0) -> list[Payout]:
    """Divide an amount over payments in the order given; `beside_fen`, such as interest, goes by transfer.

    Refuses an amount above what the payments brought in.
    """
    left, payouts = amount_fen, []
    for source in sources:
        part = min(left, source.left_fen)
        if part > 0:
            payouts.append(Payout(source.payment_id, source.method, part))
            left -= part
    if left:
        total = sum(source.left_fen for source in sources)
        raise Refused(
            "REFUND_ABOVE_PAID",
            f"{amount_fen} fen are above the {total} fen that can go back to payments",
            amount_fen=amount_fen,
            left_fen=total,
        )
    if beside_fen:
        payouts.append(Payout(None, TRANSFER, beside_fen))
    return payouts
