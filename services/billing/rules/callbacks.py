"""Notices of payment providers: is it theirs, is it fresh, and what does it say."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from shared.errors import InvalidInput, NotAllowed

WINDOW_SECONDS = 300
SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider says about one of its transactions."""

    transaction_id: str
    reference: str
    amount_fen: int
    currency: str
    status: str


def sign(secret: bytes, *, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the hexadecimal HMAC-SHA256 over the three lines that a provider signs."""
    message = timestamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


def verify(secret: bytes, *, signature: str, timestamp: str, nonce: str, body: bytes, now: datetime) -> None:
    """Refuse a notice that the provider did not sign, or signed more than five minutes away from now."""
    expected = sign(secret, timestamp=timestamp, nonce=nonce, body=body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise NotAllowed("CALLBACK_SIGNATURE_WRONG", "the signature does not belong to this notice")
    seconds = int(timestamp) if timestamp.isdecimal() else 0
    if abs(now.timestamp() - seconds) > WINDOW_SECONDS:
        raise NotAllowed("CALLBACK_OUTSIDE_WINDOW", f"the notice is not within {WINDOW_SECONDS} s of now")


def parse(body: bytes) -> Notice:
    """Read a notice: JSON with transaction_id, reference, amount_fen, currency and status."""
    try:
        content = json.loads(body)
        notice = Notice(**{name: content[name] for name in Notice.__slots__})
    except (ValueError, KeyError, TypeError):
        raise _malformed("the body is no notice: transaction_id, reference, amount_fen, currency, status") from None
    texts: tuple[object, ...] = (notice.transaction_id, notice.reference, notice.currency, notice.status)
    if not all(isinstance(text, str) and text for text in texts):
        raise _malformed("ids, currency and status are texts")
    if type(notice.amount_fen) is not int or notice.amount_fen <= 0:
        raise _malformed("amount_fen is a positive integer")
    return notice


def _malformed(text: str) -> InvalidInput:
    return InvalidInput("body", text, reason="CALLBACK_MALFORMED")
