"""What is wrong with a lead that a person could put right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

PHONE_INVALID = "phone_invalid"
PHONE_PLACEHOLDER = "phone_placeholder"
PHONE_UNREACHABLE = "phone_unreachable"
SILENT = "silent"
WRONG_NUMBER = "wrong_number"
# Results of calls after which nobody was spoken with.
_UNREACHED = frozenset({"no_answer", "power_off", "unreachable", WRONG_NUMBER})

# Seven equal digits in a row, or seven that count up or down: nobody's number, typed to get past the form.
_REPEATED = re.compile(r"(\d)\1{6}")
_RUNS = tuple("01234567890"[start : start + 7] for start in range(5))
_LOCAL_DIGITS = 8


def is_placeholder(phone: str) -> bool:
    """Say whether a phone was made up: 13800000000, 13912345678."""
    digits = re.sub(r"\D", "", phone)
    tail = digits[-_LOCAL_DIGITS:]
    return bool(_REPEATED.search(digits)) or any(run in tail or run[::-1] in tail for run in _RUNS)


def is_unreachable(results: Sequence[str], calls: int) -> bool:
    """Say whether the last calls, the newest first, reached nobody: so many of them, or one that found a stranger."""
    last = results[:calls]
    return WRONG_NUMBER in results[:1] or (len(last) == calls and _UNREACHED.issuperset(last))


def flaws(
    *,
    phone_is_valid: bool,
    phone: str,
    last_seen: datetime,
    now: datetime,
    silent_days: int,
    unreachable: bool = False,
) -> list[str]:
    """Return the kinds of what is wrong with a lead."""
    found = []
    if not phone_is_valid:
        found.append(PHONE_INVALID)
    elif is_placeholder(phone):
        found.append(PHONE_PLACEHOLDER)
    elif unreachable:
        found.append(PHONE_UNREACHABLE)
    if last_seen < now - timedelta(days=silent_days):
        found.append(SILENT)
    return found


def score(checked: int, flawed: int) -> int:
    """Return the share of leads without a flaw, in basis points; 10000 when there are none."""
    return 10_000 if not checked else (checked - flawed) * 10_000 // checked
