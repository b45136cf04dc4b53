"""The way of a lead: which stage follows, and what moves it."""

from __future__ import annotations

ENQUIRY = "enquiry"
CONTACTED = "contacted"
TRIAL_BOOKED = "trial_booked"
TRIALLED = "trialled"
QUOTED = "quoted"
SIGNED = "signed"
ENROLLED = "enrolled"
STUDYING = "studying"
LOST = "lost"

OPEN = "open"
MERGED = "merged"

OPEN_STAGES = (ENQUIRY, CONTACTED, TRIAL_BOOKED, TRIALLED, QUOTED, SIGNED)
STAGES = (*OPEN_STAGES, ENROLLED, STUDYING, LOST)
STATES = (OPEN, ENROLLED, LOST, MERGED)


def advanced(stage: str, reached: str) -> str:
    """Return the stage after something happened that belongs to `reached`: forward, never back."""
    if stage not in OPEN_STAGES:
        return stage
    return reached if OPEN_STAGES.index(reached) > OPEN_STAGES.index(stage) else stage


def state_of(stage: str) -> str:
    """Return the state that goes with a stage; merged leads keep their stage and have their own state."""
    return ENROLLED if stage == STUDYING else stage if stage in {ENROLLED, LOST} else OPEN
