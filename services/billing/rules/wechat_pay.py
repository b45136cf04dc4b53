"""WeChat Pay API v3 without the network: what is signed, what is verified, what is sealed, what the bodies say.

Source: pay.weixin.qq.com, API v3: signatures (WECHATPAY2-SHA256-RSA2048), notices (AEAD_AES_256_GCM), native orders.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.billing.rules import callbacks, rsa_signatures
from services.billing.rules.callbacks import CLOSED, PENDING, SUCCESS, Callback, Notice
from services.billing.rules.provider_orders import Asked, Repayment
from shared.errors import NotAllowed

ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
WINDOW_SECONDS = 300
_CIPHERS = {"AEAD_AES_256_GCM": AESGCM}
_BEIJING = timezone(timedelta(hours=8))
_STATES = {"SUCCESS": SUCCESS, "NOTPAY": PENDING, "USERPAYING": PENDING, "CLOSED": CLOSED}


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant account and its keys; the platform's keys by serial number."""

    merchant_id: str
    app_id: str
    serial: str
    private_key: RSAPrivateKey
    api_key: bytes
    platform_keys: Mapping[str, RSAPublicKey]
    notify_url: str
    address: str = "https://api.mch.weixin.qq.com"


def account(content: Mapping[str, Any]) -> Account:
    """Read an account from its secret file; raises KeyError and ValueError."""
    keys = {serial: rsa_signatures.public_key(pem) for serial, pem in content["platform_keys"].items()}
    return Account(
        merchant_id=content["merchant_id"],
        app_id=content["app_id"],
        serial=content["serial"],
        private_key=rsa_signatures.private_key(content["private_key"]),
        api_key=content["api_key"].encode(),
        platform_keys=keys,
        notify_url=content["notify_url"],
        **({"address": content["address"]} if "address" in content else {}),
    )


def authorization(mine: Account, *, method: str, target: str, body: bytes, now: datetime, nonce: str) -> str:
    """Return the Authorization header of a request; `target` is the path with its query."""
    timestamp = str(int(now.timestamp()))
    message = f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = rsa_signatures.sign(mine.private_key, message)
    parts = {
        "mchid": mine.merchant_id,
        "nonce_str": nonce,
        "signature": signature,
        "timestamp": timestamp,
        "serial_no": mine.serial,
    }
    return f"{ALGORITHM} " + ",".join(f'{name}="{value}"' for name, value in parts.items())


def check(mine: Account, callback: Callback, now: datetime) -> None:
    """Refuse what the platform did not sign, or signed more than five minutes away from now; answers alike.

    Raises NotAllowed CALLBACK_SIGNATURE_WRONG and CALLBACK_OUTSIDE_WINDOW.
    """
    key = mine.platform_keys.get(callback.serial)
    message = f"{callback.timestamp}\n{callback.nonce}\n".encode() + callback.body + b"\n"
    if key is None or not rsa_signatures.is_signed(key, message, callback.signature):
        raise callbacks.wrong_signature()
    seconds = int(callback.timestamp) if callback.timestamp.isdecimal() else 0
    if abs(now.timestamp() - seconds) > WINDOW_SECONDS:
        raise NotAllowed("CALLBACK_OUTSIDE_WINDOW", f"the notice is not within {WINDOW_SECONDS} s of now")


def notice(mine: Account, callback: Callback, now: datetime) -> Notice:
    """Verify, unseal and read a notice of a payment; raises NotAllowed and InvalidInput CALLBACK_MALFORMED."""
    check(mine, callback, now)
    try:
        resource = json.loads(callback.body)["resource"]
        sealed = base64.b64decode(resource["ciphertext"])
        plain = _CIPHERS[resource["algorithm"]](mine.api_key).decrypt(
            resource["nonce"].encode(), sealed, (resource.get("associated_data") or "").encode()
        )
        transaction = json.loads(plain)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidTag):
        raise callbacks.malformed("the notice has no resource that the API key opens") from None
    return callbacks.checked(read(mine, transaction))


def read(mine: Account, transaction: Mapping[str, Any]) -> Notice:
    """Return what a transaction says; raises InvalidInput for one of another merchant and for anything else.

    A refund is another matter than its payment: REFUND says that the payment had succeeded.
    """
    try:
        whose = (transaction["mchid"], transaction["appid"])
        state = transaction["trade_state"]
        amount = transaction.get("amount", {})
        notice = Notice(
            transaction_id=transaction.get("transaction_id", ""),
            reference=transaction["out_trade_no"],
            amount_fen=amount.get("total", 0),
            currency=amount.get("currency", "CNY"),
            status=_STATES.get(state, state),
        )
    except (KeyError, TypeError, AttributeError):
        raise callbacks.malformed("this is no transaction") from None
    if whose != (mine.merchant_id, mine.app_id):
        raise callbacks.malformed("the transaction belongs to another merchant")
    return notice


def native_order(mine: Account, asked: Asked) -> dict[str, Any]:
    """Return the body that orders a code to scan."""
    return {
        "appid": mine.app_id,
        "mchid": mine.merchant_id,
        "description": asked.description,
        "out_trade_no": asked.reference,
        "time_expire": asked.expire_time.replace(microsecond=0).astimezone(_BEIJING).isoformat(),
        "notify_url": mine.notify_url,
        "amount": {"total": asked.amount_fen, "currency": "CNY"},
    }


def refund(repayment: Repayment) -> dict[str, Any]:
    """Return the body that gives money back."""
    return {
        "out_trade_no": repayment.reference,
        "out_refund_no": repayment.refund_reference,
        "reason": repayment.reason,
        "amount": {"refund": repayment.amount_fen, "total": repayment.total_fen, "currency": "CNY"},
    }
