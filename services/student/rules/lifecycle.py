"""Where a student may go from each state."""

from __future__ import annotations

from shared.errors import InvalidInput, Refused

ENROLLED = "enrolled"
PAUSED = "paused"
FINISHED = "finished"
LAPSED = "lapsed"
ALUMNUS = "alumnus"

NEXT: dict[str, frozenset[str]] = {
    ENROLLED: frozenset({PAUSED, FINISHED, LAPSED}),
    PAUSED: frozenset({ENROLLED, LAPSED}),
    FINISHED: frozenset({ENROLLED, LAPSED, ALUMNUS}),
    LAPSED: frozenset({ENROLLED}),
    ALUMNUS: frozenset({ENROLLED}),
}

# Why students leave.
LEAVE_REASONS = ("price", "effect", "time", "move", "teacher", "other")


def check_reason(to_state: str, reason: str) -> None:
    """Raise InvalidInput LEAVE_REASON_NEEDED for a student who leaves without one of the reasons for it."""
    if to_state == LAPSED and reason not in LEAVE_REASONS:
        known = ", ".join(LEAVE_REASONS)
        raise InvalidInput("reason", f"say why the student leaves: {known}", "LEAVE_REASON_NEEDED", known=known)


def check_move(from_state: str, to_state: str) -> None:
    """Raise Refused STUDENT_STATE_FORBIDDEN unless a student may go from one state to the other."""
    if to_state not in NEXT[from_state]:
        allowed = ", ".join(sorted(NEXT[from_state]))
        raise Refused(
            "STUDENT_STATE_FORBIDDEN",
            f"a student who is {from_state} may become {allowed}, not {to_state}",
            from_state=from_state,
            to_state=to_state,
            allowed=allowed,
        )
