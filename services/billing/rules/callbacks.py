"""Notices of payment providers: is it theirs, is it fresh, and what does it say."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.errors import InvalidInput

SUCCESS = "SUCCESS"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider says about one of its transactions."""

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
        raise _malformed("the body is no notice: transaction_id, reference, amount_fen, currency, status") from None
    texts: tuple[object, ...] = (notice.transaction_id, notice.reference, notice.currency, notice.status)
    if not all(isinstance(text, str) and text for text in texts):
        raise _malformed("ids, currency and status are texts")
    if type(notice.amount_fen) is not int or notice.amount_fen <= 0:
        raise _malformed("amount_fen is a positive integer")
    return notice


def _malformed(text: str) -> InvalidInput:
    return InvalidInput("body", text, reason="CALLBACK_MALFORMED")
