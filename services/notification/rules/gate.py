"""Whether a message may leave now (I-21). Pure.

Sources: Consumer Rights Law article 29 and Advertising Law article 43 (no advertising without consent or request, none
after a refusal), Personal Information Protection Law articles 13, 15 and 31 (consent, its withdrawal, guardians of
children under fourteen).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

# What a message is for. Service follows from the contract; a follow-up answers an enquiry; marketing needs a yes.
SERVICE, FOLLOW_UP, MARKETING = "service", "follow_up", "marketing"
ANY_CHANNEL = ""
# The age from which somebody may be written to about themselves, and agree to it.
AGE_OF_CONSENT = 14
# An institution that has set nothing: once a day, and six times in thirty days.
DEFAULT_CAPS: Mapping[int, int] = {1: 1, 30: 6}


class Word(NamedTuple):
    """What somebody said last about marketing on a channel."""

    granted: bool
    decide_time: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a message and its recipient; `age` in years, None when nobody knows it."""

    purpose: str
    channel: str = ANY_CHANNEL
    wanted: bool = True
    # A guardian or a member of staff is grown up.
    to_child: bool = False
    age: int | None = None
    words: Mapping[str, Word] | None = None
    # Agreements from before do not count.
    valid_from_time: datetime | None = None
    enabled: bool = True
    opted_out: bool = False
    capped: bool = False
    quiet_until: datetime | None = None
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Allowed with neither; `wait_until` an instant; refused for a reason."""

    reason: str = ""
    wait_until: datetime | None = None

    @property
    def allowed(self) -> bool:
        """Whether the message leaves now."""
        return not self.reason and self.wait_until is None


def decide(facts: Facts, now: datetime) -> Verdict:
    """Say whether a message leaves now, later or never; the first of all reasons against it is the one on record."""
    reason = _unwanted(facts) or _unlawful(facts)
    if reason:
        return Verdict(reason)
    if facts.expire_time is not None and now >= facts.expire_time:
        return Verdict("TOO_LATE")
    if facts.quiet_until is not None and facts.quiet_until > now:
        too_late = facts.expire_time is not None and facts.quiet_until >= facts.expire_time
        return Verdict("QUIET_HOURS") if too_late else Verdict(wait_until=facts.quiet_until)
    return Verdict("CAP_REACHED") if facts.purpose == MARKETING and facts.capped else Verdict()


def word_on(words: Mapping[str, Word] | None, channel: str) -> Word | None:
    """Return the word that counts for a channel: its own before the one for all."""
    return (words or {}).get(channel) or (words or {}).get(ANY_CHANNEL)


def is_capped(sent: Iterable[datetime], caps: Mapping[int, int], now: datetime) -> bool:
    """Say whether one more message would go beyond a cap: at most so many in each span of days."""
    times = list(sent)
    return any(sum(time > now - timedelta(days=days) for time in times) >= most for days, most in caps.items())


def _unwanted(facts: Facts) -> str:
    if not facts.wanted:
        return "CONTACT_NOT_WANTED"
    # Nobody writes to a child past its guardians.
    young = facts.age is None or facts.age < AGE_OF_CONSENT
    return "RECIPIENT_TOO_YOUNG" if facts.to_child and young else ""


def _unlawful(facts: Facts) -> str:
    if facts.purpose == SERVICE:
        return ""
    word = word_on(facts.words, facts.channel)
    if facts.opted_out:
        return "OPTED_OUT"
    if word is not None and not word.granted:
        return "CONSENT_WITHDRAWN"
    if facts.purpose == FOLLOW_UP:
        return ""
    if not facts.enabled:
        return "PURPOSE_DISABLED"
    outdated = word is None or (facts.valid_from_time is not None and word.decide_time < facts.valid_from_time)
    return "NO_CONSENT" if outdated else ""
