"""What is asked of payment providers, in their common terms, and when they are asked again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# A code to scan is good for two hours at WeChat Pay; the others are held to the same.
LIFE = timedelta(hours=2)
# Seconds between one question and the next, while a notice may still come.
_PAUSES = (5, 10, 20, 30, 60, 60, 120, 180, 300, 600)
_LONGEST_PAUSE = timedelta(minutes=30)


class ProviderFailed(Exception):
    """A provider did not answer, answered with an error, or with a signature that is not its own."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code} {message}".strip())
        self.code = code


@dataclass(frozen=True, slots=True)
class Asked:
    """An amount to be collected, in fen; `reference` is at most 32 letters and digits."""

    reference: str
    amount_fen: int
    description: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class Repayment:
    """An amount to be given back by the original route, of the `total_fen` that the reference collected."""

    reference: str
    refund_reference: str
    amount_fen: int
    total_fen: int
    reason: str


def pause(count: int) -> timedelta:
    """Return how long to wait after so many questions about one intent."""
    return timedelta(seconds=_PAUSES[count]) if count < len(_PAUSES) else _LONGEST_PAUSE
