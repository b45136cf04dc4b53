"""Notices of other programs, signed with a secret that both know. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from shared.errors import NotAllowed

WINDOW_SECONDS = 300


def sign(secret: bytes, *, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 over the three lines that a program signs."""
    message = timestamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def verify(secret: bytes, *, kind: str, signature: str, timestamp: str, nonce: str, body: bytes, now: datetime) -> None:
    """Refuse what was not signed with the secret, or more than five minutes away from now.

    Raises NotAllowed with the reasons of a kind: WEBHOOK gives WEBHOOK_SIGNATURE_WRONG and WEBHOOK_OUTSIDE_WINDOW.
    """
    expected = sign(secret, timestamp=timestamp, nonce=nonce, body=body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise NotAllowed(f"{kind}_SIGNATURE_WRONG", "the signature does not belong to this notice")
    seconds = int(timestamp) if timestamp.isdecimal() else 0
    if abs(now.timestamp() - seconds) > WINDOW_SECONDS:
        raise NotAllowed(f"{kind}_OUTSIDE_WINDOW", f"the notice is not within {WINDOW_SECONDS} s of now")
