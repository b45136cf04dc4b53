"""Who wins when a partner registers a customer whom somebody knows already."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# The values of the setting `partner_rule`.
FIRST, SALES, PARTNER = 1, 2, 3


class Outcome(StrEnum):
    """What a registration comes to."""

    GRANTED = "granted"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the customer at the moment of the registration.

    `claimed`: somebody else has a live claim; `own`: the partner itself has it. `with_sales`: the lead is open with
    an owner; `worked`: that owner, or the family, was heard of within the protection period of sales.
    """

    is_new: bool = False
    own: bool = False
    claimed: bool = False
    with_sales: bool = False
    worked: bool = False
    enrolled: bool = False


def decide(rule: int, known: Known) -> tuple[Outcome, str]:
    """Return the outcome and the code that says why.

    A live claim protects under every rule, and a student is nobody's to register. Without a claim, `first` takes
    sales who worked with the family within the protection period for earlier; `sales` takes every open lead with an
    owner for theirs; `partner` lets the registration win.
    """
    answers = (
        (known.is_new, Outcome.GRANTED, "NEW_CUSTOMER"),
        (known.own, Outcome.KNOWN, "OWN_CLAIM"),
        (known.claimed, Outcome.REFUSED, "CLAIMED"),
        (known.enrolled, Outcome.REFUSED, "ENROLLED"),
        (rule == SALES and known.with_sales, Outcome.REFUSED, "SALES_FIRST"),
        (rule == FIRST and known.with_sales and known.worked, Outcome.REFUSED, "WITH_SALES"),
    )
    return next(((outcome, why) for holds, outcome, why in answers if holds), (Outcome.GRANTED, "FREE"))
