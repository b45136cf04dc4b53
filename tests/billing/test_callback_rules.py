"""A provider's notice: signed, fresh and readable, or refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.billing.rules import callbacks
from shared import signatures
from shared.errors import InvalidInput, NotAllowed

SECRET = b"a shared secret"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT: dict[str, object] = {
    "transaction_id": "T1",
    "reference": "R1",
    "amount_fen": 100,
    "currency": "CNY",
    "status": "SUCCESS",
}
BODY = json.dumps(CONTENT).encode()


def verify(
    *, seconds: int = 0, signed: bytes = BODY, body: bytes = BODY, nonce: str = "n", secret: bytes = SECRET
) -> None:
    timestamp = str(int(NOW.timestamp()) + seconds)
    signature = signatures.sign(secret, timestamp=timestamp, nonce="n", body=signed)
    signatures.verify(
        SECRET, kind="CALLBACK", signature=signature, timestamp=timestamp, nonce=nonce, body=body, now=NOW
    )


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signed_notice_within_the_window_is_taken(seconds: int) -> None:
    verify(seconds=seconds)
    assert callbacks.parse(BODY).amount_fen == 100


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_notice_or_one_of_the_future_is_refused(seconds: int) -> None:
    with pytest.raises(NotAllowed) as refusal:
        verify(seconds=seconds)
    assert refusal.value.reason == "CALLBACK_OUTSIDE_WINDOW"


def test_a_timestamp_that_is_no_number_is_outside_every_window() -> None:
    signature = signatures.sign(SECRET, timestamp="soon", nonce="n", body=BODY)
    with pytest.raises(NotAllowed):
        signatures.verify(
            SECRET,
            kind="CALLBACK",
            signature=signature,
            timestamp="soon",
            nonce="n",
            body=BODY,
            now=NOW + timedelta(seconds=1),
        )


@pytest.mark.parametrize(
    "forged",
    [{"secret": b"another"}, {"body": BODY.replace(b"100", b"1000")}, {"nonce": "m"}],
)
def test_a_forged_notice_is_refused(forged: dict[str, bytes]) -> None:
    with pytest.raises(NotAllowed) as refusal:
        verify(**forged)  # type: ignore[arg-type]
    assert refusal.value.reason == "CALLBACK_SIGNATURE_WRONG"


def test_a_signature_that_is_no_ascii_is_wrong() -> None:
    with pytest.raises(NotAllowed):
        signatures.verify(SECRET, kind="CALLBACK", signature="签名", timestamp="1", nonce="n", body=BODY, now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b"{}",
        json.dumps(CONTENT | {"amount_fen": "100"}).encode(),
        json.dumps(CONTENT | {"amount_fen": 1.5}).encode(),
        json.dumps(CONTENT | {"amount_fen": True}).encode(),
        json.dumps(CONTENT | {"amount_fen": 0}).encode(),
        json.dumps(CONTENT | {"reference": 7}).encode(),
        json.dumps(CONTENT | {"transaction_id": ""}).encode(),
        b"\xff",
    ],
)
def test_a_notice_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        callbacks.parse(body)
    assert refusal.value.reason == "CALLBACK_MALFORMED"
