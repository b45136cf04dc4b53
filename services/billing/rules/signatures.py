"""One-time codes for signatures: how long they are good, how often they are sent and tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import Refused

DIGITS = 6
# So long a family may take to read and sign.
OPEN_FOR = timedelta(days=14)
GOOD_FOR = timedelta(minutes=10)
MOST_FAILURES = 5
_PAUSE = timedelta(seconds=60)
_DAY = timedelta(days=1)
_MOST_A_DAY = 10


def check_pace(sent: Sequence[datetime], now: datetime) -> None:
    """Refuse another code too soon after the last one, or too many within a day.

    Raises Refused SIGNATURE_CODE_TOO_SOON, SIGNATURE_CODE_TOO_MANY.
    """
    recent = [moment for moment in sent if now - moment < _DAY]
    if recent and now - max(recent) < _PAUSE:
        seconds = int((max(recent) + _PAUSE - now).total_seconds()) + 1
        raise Refused("SIGNATURE_CODE_TOO_SOON", f"a code was just sent; wait {seconds} s", seconds=seconds)
    if len(recent) >= _MOST_A_DAY:
        raise Refused("SIGNATURE_CODE_TOO_MANY", f"{len(recent)} codes were sent within a day", count=len(recent))


def refusal_of(*, expire_time: datetime, failures: int, is_used: bool, is_right: bool, now: datetime) -> Refused | None:
    """Return why a code does not sign, as it stands after this try; None when it does."""
    if is_used or failures >= MOST_FAILURES or now >= expire_time:
        return Refused("SIGNATURE_CODE_SPENT", "this code is good no more; have another one sent")
    if is_right:
        return None
    left = MOST_FAILURES - failures - 1
    return Refused("SIGNATURE_CODE_WRONG", f"the code is wrong; {left} tries are left", left=left)
