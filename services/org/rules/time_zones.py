"""Time zones by their IANA names."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from shared.errors import InvalidInput

DEFAULT = "Asia/Shanghai"


def check(name: str) -> str:
    """Return the name, or raise InvalidInput TIME_ZONE_UNKNOWN."""
    if name not in _names():
        raise InvalidInput("time_zone", f"{name!r} is no IANA time zone", reason="TIME_ZONE_UNKNOWN")
    return name


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
