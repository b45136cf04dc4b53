"""Alipay's open platform without the network: RSA2 over sorted parameters, notices, and what the bodies say.

Source: opendocs.alipay.com: signatures (RSA2 is SHA256withRSA), asynchronous notices, alipay.trade.*.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from services.billing.rules import callbacks, rsa_signatures
from services.billing.rules.callbacks import CLOSED, PENDING, SUCCESS, Callback, Notice
from services.billing.rules.provider_orders import Asked, ProviderFailed, Repayment
from shared.money import CURRENCY

OK = "10000"
UNKNOWN_TRADE = "ACQ.TRADE_NOT_EXIST"
_BEIJING = timezone(timedelta(hours=8))
_STATES = {"TRADE_SUCCESS": SUCCESS, "TRADE_FINISHED": SUCCESS, "WAIT_BUYER_PAY": PENDING, "TRADE_CLOSED": CLOSED}


@dataclass(frozen=True, slots=True)
class Account:
    """An application of a merchant and its keys."""

    app_id: str
    private_key: RSAPrivateKey
    platform_key: RSAPublicKey
    notify_url: str
    address: str = "https://openapi.alipay.com/gateway.do"


def account(content: Mapping[str, Any]) -> Account:
    """Read an account from its secret file; raises KeyError and ValueError."""
    return Account(
        app_id=content["app_id"],
        private_key=rsa_signatures.private_key(content["private_key"]),
        platform_key=rsa_signatures.public_key(content["platform_key"]),
        notify_url=content["notify_url"],
        **({"address": content["address"]} if "address" in content else {}),
    )


def canonical(parameters: Mapping[str, str], *, without: frozenset[str] = frozenset({"sign"})) -> bytes:
    """Return what is signed: name=value of all that is not empty, by name. Notices leave sign_type out as well."""
    pairs = sorted((name, value) for name, value in parameters.items() if value and name not in without)
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def request(mine: Account, method: str, content: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Return the signed parameters of a request."""
    parameters = {
        "app_id": mine.app_id,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": now.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "version": "1.0",
        "notify_url": mine.notify_url,
        "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }
    return parameters | {"sign": rsa_signatures.sign(mine.private_key, canonical(parameters))}


def answer(mine: Account, method: str, body: str) -> dict[str, Any]:
    """Return what an answer says; the signature covers the bytes of its one object as they stand.

    Raises ProviderFailed for an answer that is not signed, and with the provider's sub code for a refusal.
    """
    name = f'"{method.replace(".", "_")}_response"'
    try:
        start = body.index(":", body.index(name) + len(name)) + 1
        start += len(body[start:]) - len(body[start:].lstrip())
        content, length = json.JSONDecoder().raw_decode(body[start:])
        signature = json.loads(body)["sign"]
    except (ValueError, KeyError, TypeError):
        raise ProviderFailed("ANSWER_UNREADABLE") from None
    if not rsa_signatures.is_signed(mine.platform_key, body[start : start + length].encode(), signature):
        raise ProviderFailed("ANSWER_NOT_SIGNED")
    if content.get("code") != OK:
        raise ProviderFailed(content.get("sub_code") or str(content.get("code")), content.get("sub_msg") or "")
    return dict(content)


def notice(mine: Account, callback: Callback) -> Notice:
    """Verify and read a notice, which is a form; the protocol knows no window, and a repetition posts nothing.

    Raises NotAllowed CALLBACK_SIGNATURE_WRONG, InvalidInput CALLBACK_MALFORMED.
    """
    try:
        text = callback.body.decode()
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=200)
    except ValueError:
        raise callbacks.malformed("the notice is no form") from None
    parameters = dict(pairs)
    message = canonical(parameters, without=frozenset({"sign", "sign_type"}))
    # A name that came twice could be read one way and signed another.
    is_plain = len(parameters) == len(pairs) and parameters.get("sign_type") == "RSA2"
    if not is_plain or not rsa_signatures.is_signed(mine.platform_key, message, parameters.get("sign", "")):
        raise callbacks.wrong_signature()
    if parameters.get("app_id") != mine.app_id:
        raise callbacks.malformed("the notice belongs to another application")
    return callbacks.checked(read(parameters))


def read(trade: Mapping[str, Any]) -> Notice:
    """Return what a trade says; raises InvalidInput CALLBACK_MALFORMED."""
    try:
        state = trade["trade_status"]
        return Notice(
            transaction_id=trade.get("trade_no", ""),
            reference=trade["out_trade_no"],
            amount_fen=callbacks.fen(trade["total_amount"]),
            currency=CURRENCY,
            status=_STATES.get(state, state),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise callbacks.malformed("this is no trade") from None


def precreate(asked: Asked) -> dict[str, Any]:
    """Return the content that orders a code to scan."""
    return {
        "out_trade_no": asked.reference,
        "total_amount": callbacks.yuan(asked.amount_fen),
        "subject": asked.description,
        "time_expire": asked.expire_time.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }


def refund(repayment: Repayment) -> dict[str, Any]:
    """Return the content that gives money back."""
    return {
        "out_trade_no": repayment.reference,
        "out_request_no": repayment.refund_reference,
        "refund_amount": callbacks.yuan(repayment.amount_fen),
        "refund_reason": repayment.reason,
    }
