"""What becomes of the right to make up an absence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FULL = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """What a lesson is about, as far as a make-up asks."""

    course_id: object
    subject: str
    level: str


def is_eligible(missed: Subject, offered: Subject) -> bool:
    """Say whether a lesson makes up a missed one: of the same course, or of its subject at its level."""
    same_matter = (missed.subject, missed.level) == (offered.subject, offered.level)
    return missed.course_id == offered.course_id or (same_matter and bool(missed.subject))


def expiry(missed: datetime, confirmed: datetime, valid_days: int) -> datetime:
    """Return until when a lesson may be made up, counted from the lesson or its late roll call."""
    return max(missed, confirmed) + timedelta(days=valid_days)


def rest_of_charge(code_hundredths: int, source_charge_hundredths: int) -> int:
    """Return what a make-up charges of its code's part, in hundredths: what the absence did not charge already."""
    return code_hundredths * (FULL - source_charge_hundredths) // FULL
