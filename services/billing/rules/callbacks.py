"""Notices of payment providers: is it theirs, is it fresh, and what does it say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from shared.errors import InvalidInput, NotAllowed

# What every provider's word for a state becomes.
SUCCESS = "SUCCESS"
PENDING = "PENDING"
CLOSED = "CLOSED"
_PLACES = 2


@dataclass(frozen=True, slots=True)
class Callback:
    """A request of a provider as it arrived; what its protocol does not send is empty."""

    body: bytes
    signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    # Names the key that signed.
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider says about one of its transactions; without one yet `transaction_id` is empty."""

    transaction_id: str
    reference: str
    amount_fen: int
    currency: str
    status: str


def parse(body: bytes) -> Notice:
    """Read a notice: JSON with transaction_id, reference, amount_fen, currency and status."""
    try:
        content = json.loads(body)
        notice = Notice(**{name: content[name] for name in Notice.__slots__})
    except (ValueError, KeyError, TypeError):
        raise malformed("the body is no notice: transaction_id, reference, amount_fen, currency, status") from None
    return checked(notice)


def checked(notice: Notice) -> Notice:
    """Return a notice whose parts are what they should be; raises InvalidInput CALLBACK_MALFORMED."""
    texts: tuple[object, ...] = (notice.transaction_id, notice.reference, notice.currency, notice.status)
    if not all(isinstance(text, str) and text for text in texts):
        raise malformed("ids, currency and status are texts")
    if type(notice.amount_fen) is not int or notice.amount_fen <= 0:
        raise malformed("amount_fen is a positive integer")
    return notice


def fen(yuan: str) -> int:
    """Return an amount in yuan, such as "88.80", as fen; raises ValueError for parts of a fen and for no number."""
    try:
        amount = Decimal(yuan.strip()).scaleb(_PLACES)
        whole = int(amount)
    except (InvalidOperation, OverflowError, ValueError):
        raise ValueError(f"{yuan!r} is no amount") from None
    if whole != amount:
        raise ValueError(f"{yuan!r} has parts of a fen")
    return whole


def yuan(amount_fen: int) -> str:
    """Return fen as yuan with two places, as providers and banks write it."""
    return str(Decimal(amount_fen).scaleb(-_PLACES))


def malformed(text: str) -> InvalidInput:
    """Return the refusal of what cannot be read."""
    return InvalidInput("body", text, reason="CALLBACK_MALFORMED")


def wrong_signature() -> NotAllowed:
    """Return the refusal of what its provider did not sign."""
    return NotAllowed("CALLBACK_SIGNATURE_WRONG", "the signature does not belong to this notice")
