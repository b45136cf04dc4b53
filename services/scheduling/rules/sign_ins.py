"""Sign-in tokens that rotate, when somebody may sign in, and what lateness is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.errors import InvalidInput, Refused

STEP_SECONDS = 15
# A token is taken for this many steps after the one it was made in: to open the camera, and for clocks that differ.
LATE_STEPS = 2
EARLY_STEPS = 1
OPENS_BEFORE = timedelta(minutes=60)
_BYTES = 16


@dataclass(frozen=True, slots=True)
class Policy:
    """How rolls are called."""

    sign_in_confirms: bool = False
    late_after_minutes: int = 5
    teachers_clock_in: bool = False
    chase_after_minutes: Sequence[int] = (60, 1440)
    # For how long an absence may be made up.
    makeup_valid_days: int = 60
    # How long before a lesson its families are reminded; 0: not at all.
    lesson_reminder_hours: int = 24


def step_of(now: datetime) -> int:
    """Return the number of the step that a moment lies in."""
    return int(now.timestamp()) // STEP_SECONDS


def expiry_of(step: int) -> datetime:
    """Return when a token of a step is no longer taken."""
    return datetime.fromtimestamp((step + 1 + LATE_STEPS) * STEP_SECONDS, UTC)


def signed_text(lesson_id: UUID, step: int) -> str:
    """Return what the signature of a token is over."""
    return f"{lesson_id}|{step}"


def token_of(step: int, signature: bytes) -> str:
    """Return a token as it stands in the code on the screen."""
    return f"{step}.{signature.hex()}"


def read_token(token: str, now: datetime) -> tuple[int, bytes]:
    """Return step and signature of a token.

    InvalidInput SIGN_IN_TOKEN_INVALID for what is none, Refused SIGN_IN_TOKEN_EXPIRED outside of its time.
    """
    number, _, signature = token.partition(".")
    try:
        mac = bytes.fromhex(signature)
    except ValueError:
        raise invalid_token() from None
    if not (number.isascii() and number.isdecimal()) or len(number) > 12 or len(mac) != _BYTES:  # noqa: PLR2004 - far beyond our days
        raise invalid_token()
    step = int(number)
    if not step - EARLY_STEPS <= step_of(now) <= step + LATE_STEPS:
        raise Refused("SIGN_IN_TOKEN_EXPIRED", "this code is no longer valid; scan the one on the screen now")
    return step, mac


def invalid_token() -> InvalidInput:
    """Return the refusal of a token that is none of ours."""
    return InvalidInput("token", "this is no code of this lesson", "SIGN_IN_TOKEN_INVALID")


def check_open(start: datetime, end: datetime, moment: datetime) -> None:
    """Refuse with SIGN_IN_CLOSED outside of the time from an hour before a lesson to its end."""
    if not start - OPENS_BEFORE <= moment < end:
        raise Refused("SIGN_IN_CLOSED", "people sign in from an hour before the lesson until it ends")


def late_minutes(start: datetime, moment: datetime) -> int:
    """Return the whole minutes after the start, 0 before it."""
    return max(int((moment - start).total_seconds() // 60), 0)


def proposed_code(policy: Policy, minutes: int) -> str:
    """Return the code that a sign-in stands for."""
    return "late" if minutes > policy.late_after_minutes else "present"


def due(thresholds: Sequence[int], end: datetime, now: datetime) -> list[int]:
    """Return the thresholds, in minutes after the end of a lesson, that have passed."""
    return [minutes for minutes in sorted(set(thresholds)) if end + timedelta(minutes=minutes) <= now]


def corrected_minutes(state: str, minutes: int, *, before: int) -> int:
    """Return how late a teacher was after a correction; without new minutes those of before.

    Raises InvalidInput for who was late by no minute, and for minutes of who was not late.
    """
    if state != "late":
        if minutes:
            raise InvalidInput("late_minutes", "only who came late has minutes")
        return 0
    if not minutes and not before:
        raise InvalidInput("late_minutes", "say how many minutes")
    return minutes or before
