"""What callers see of a trial."""

from __future__ import annotations

INVITED, BOOKED, CLOSED, CANCELLED = "invited", "booked", "closed", "cancelled"
ATTENDED, NO_SHOW = "attended", "no_show"


def seen_as(state: str, *, attended: bool | None) -> str:
    """Return the state that callers see: a closed trial was attended, or nobody came."""
    if state != CLOSED:
        return state
    return ATTENDED if attended else NO_SHOW
