"""Where a campaign may go from each state."""

from __future__ import annotations

from shared.errors import Refused

PLANNED = "planned"
RUNNING = "running"
CLOSED = "closed"

NEXT: dict[str, frozenset[str]] = {
    PLANNED: frozenset({RUNNING, CLOSED}),
    RUNNING: frozenset({CLOSED}),
    CLOSED: frozenset(),
}


def check_move(from_state: str, to_state: str) -> None:
    """Raise Refused CAMPAIGN_STATE_FORBIDDEN unless a campaign may go from one state to the other."""
    if to_state not in NEXT[from_state]:
        allowed = ", ".join(sorted(NEXT[from_state])) or "nothing else"
        raise Refused(
            "CAMPAIGN_STATE_FORBIDDEN",
            f"a campaign that is {from_state} may become {allowed}, not {to_state}",
            from_state=from_state,
            to_state=to_state,
            allowed=allowed,
        )
