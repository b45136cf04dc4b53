"""When personal data may be used for a purpose. Pure functions.

Sources: Personal Information Protection Law articles 13 to 16, 28 to 31 and 55; ages by shared.birthdays.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.birthdays import Birth, may_be_under

AGE_OF_CONSENT = 14
CONSENT, CONTRACT, LEGAL_DUTY = "consent", "contract", "legal_duty"
CHILD_FILE = "child_file"
MARKETING = "marketing"
# An agreement counts for every channel that has no word of its own.
ANY_CHANNEL = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """A use of personal data: what it is, and what the institution has decided about it. `keep_days` in days."""

    purpose: str
    name_zh: str
    name_en: str
    basis: str
    separate: bool
    high_risk: bool
    contact: bool
    keep_days: int
    notice_zh: str
    notice_en: str
    enabled: bool
    version: str
    valid_from_time: datetime | None = None
    assessment_id: UUID | None = None


class Word(NamedTuple):
    """What somebody said last about a purpose and a channel."""

    granted: bool
    decide_time: datetime
    by_guardian: bool


def is_under_fourteen(birth: Birth, today: date) -> bool:
    """Say whether somebody may be a child for whom a guardian has to agree."""
    return may_be_under(birth, AGE_OF_CONSENT, today)


def counts(purpose: Purpose, word: Word | None, *, under_fourteen: bool) -> bool:
    """Say whether a word is an agreement that stands today."""
    if word is None or not word.granted or (under_fourteen and not word.by_guardian):
        return False
    return purpose.valid_from_time is None or word.decide_time >= purpose.valid_from_time


def permits(purpose: Purpose, words: dict[str, Word], channel: str, *, under_fourteen: bool) -> bool:
    """Say whether data may be used for a purpose, given the words by channel.

    A channel's own word goes before the one for all. What the law or a contract asks for needs no word; to be
    contacted for it can still be refused by channel.
    """
    if not purpose.enabled:
        return False
    word = words.get(channel) or words.get(ANY_CHANNEL)
    if purpose.basis == CONSENT:
        return counts(purpose, word, under_fourteen=under_fourteen)
    return not (purpose.contact and word is not None and not word.granted)


def digest(notice: str, *parts: object) -> str:
    """Return the SHA-256 in hex of a notice and the fields of an entry, each with its length before it."""
    texts = [notice, *("" if part is None else str(part) for part in parts)]
    return hashlib.sha256(b"".join(f"{len(raw)}:".encode() + raw for raw in map(str.encode, texts))).hexdigest()
