"""What a password must be. No rules of composition: length and not being everybody's choice are what count."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from services.org.rules.common_passwords import COMMON
from shared.errors import InvalidInput

SHORTEST = 8
LONGEST = 128
_FEWEST_DIFFERENT = 4


def check(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Raise InvalidInput WEAK_PASSWORD for a password that is too short, too long or easy to guess."""
    fault = _fault(password, [email.partition("@")[0], name])
    if fault:
        raise InvalidInput(field, fault, reason="WEAK_PASSWORD", shortest=SHORTEST, longest=LONGEST)


def normal(password: str) -> str:
    """Return the form that is hashed: keyboards of different systems write one character in different ways."""
    return unicodedata.normalize("NFKC", password)


def _fault(password: str, personal: list[str]) -> str:
    lowered = normal(password).casefold()
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    if lowered in COMMON or _is_sequence(lowered) or len(set(lowered)) < _FEWEST_DIFFERENT:
        return "this password is among the first that anybody would try"
    if any(len(word) >= _FEWEST_DIFFERENT and lowered.startswith(word.casefold()) for word in personal):
        return "a password does not begin with the name or the address of its owner"
    return ""


def _is_sequence(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})
