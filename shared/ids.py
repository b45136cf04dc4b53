"""UUIDv7 (RFC 9562 §5.7): time-ordered ids, so that B-tree inserts stay at the right edge."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62


def uuid7(at_ms: int | None = None) -> UUID:
    """Return a new id: 48 bits of Unix milliseconds, 74 random bits. `at_ms` sets the time, for imports and tests."""
    milliseconds = time.time_ns() // 1_000_000 if at_ms is None else at_ms
    noise = int.from_bytes(os.urandom(10), "big")
    high = (milliseconds & 0xFFFFFFFFFFFF) << 80 | _VERSION | (noise >> 62 & 0xFFF) << 64
    return UUID(int=high | _VARIANT | (noise & 0x3FFFFFFFFFFFFFFF))


def as_uuid(text: str) -> UUID:
    """Parse an id that validation has already accepted."""
    return UUID(text)
