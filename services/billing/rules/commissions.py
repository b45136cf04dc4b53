"""Cash of an order is divided as a whole: every payment and refund posts only the difference to what stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from uuid import UUID

from services.billing.rules.splits import Part
from shared.money import round_half_up

# Party, its id, and the campus in whose books it stands.
Earner = tuple[str, UUID, UUID]


def kept_of(divided_fen: int, *, kept_fen: int, back_fen: int) -> int:
    """Return how much of the divided cash is kept when `back_fen` of the `kept_fen` of an order go back.

    All cash of an order is divided as a rule, and this is what is kept of it; where a wallet paid a part, or a rule
    began between two payments, cash that was divided goes back in proportion. Nothing stays of an order that was
    refunded whole.
    """
    return round_half_up(Fraction(divided_fen * (kept_fen - back_fen), kept_fen)) if kept_fen else 0


def difference(target: Sequence[Part], standing: Mapping[Earner, int], *, kept_fen: int) -> tuple[Part, ...]:
    """Return what brings the standing amounts to the target; the parts sum to the change of what is divided.

    `kept_fen` is the cash that the target divides (SAFETY A.2, I13: a rate of what was received less what was
    refunded, not of single instalments).
    """
    wanted: Counter[Earner] = Counter()
    reasons: dict[Earner, str] = {}
    for part in target:
        earner = part.party, part.party_id, part.home_campus_id
        reasons[earner] = f"{reasons[earner]}; {part.explanation}" if earner in reasons else part.explanation
        wanted[earner] += part.amount_fen
    changes = []
    for earner in [*wanted, *sorted(standing.keys() - wanted.keys())]:
        before, now = standing.get(earner, 0), wanted[earner]
        why = reasons.get(earner, "nothing is left")
        if standing:
            why = f"{why}; {now} fen of {kept_fen} fen kept, {before} fen before"
        if now != before:
            changes.append(Part(*earner, now - before, why))
    return tuple(changes)
