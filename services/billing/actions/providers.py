"""Payment providers of an institution: one interface, and where their keys come from."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.billing.actions.alipay import Alipay
from services.billing.actions.wechat_pay import WechatPay
from services.billing.rules import alipay, callbacks, wechat_pay
from services.billing.rules.callbacks import PENDING, Callback, Notice
from services.billing.rules.provider_orders import Asked, ProviderFailed, Repayment
from shared import signatures
from shared.errors import InvalidInput
from shared.money import CURRENCY
from shared.settings import settings


class Provider(Protocol):
    """Somebody who collects money for us. All but `notice` go over the network and raise ProviderFailed."""

    def notice(self, callback: Callback, now: datetime) -> Notice:
        """Verify and read a notice; raises NotAllowed and InvalidInput of the CALLBACK reasons."""
        ...

    def order(self, asked: Asked) -> str:
        """Order an amount and return the code to scan; asked again it does not order again."""
        ...

    def query(self, reference: str) -> Notice:
        """Ask what became of an order."""
        ...

    def close(self, reference: str) -> None:
        """Close an order unless it is paid."""
        ...

    def refund(self, repayment: Repayment) -> bool:
        """Give money back by the original route, once per refund reference; True when it is there."""
        ...

    def bill(self, day: date) -> bytes:
        """Return the provider's statement of a day."""
        ...


class SignedSecret:
    """A provider that shares a secret with us and only calls back, such as the sandbox."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def notice(self, callback: Callback, now: datetime) -> Notice:
        """Verify and read a notice; raises NotAllowed and InvalidInput."""
        signatures.verify(
            self._secret,
            kind="CALLBACK",
            signature=callback.signature,
            timestamp=callback.timestamp,
            nonce=callback.nonce,
            body=callback.body,
            now=now,
        )
        return callbacks.parse(callback.body)

    def order(self, asked: Asked) -> str:
        """Return a code that names the reference."""
        return f"lianxiao:{asked.reference}"

    def query(self, reference: str) -> Notice:
        """Say that nothing is known: this provider only calls back."""
        return Notice("", reference, 0, CURRENCY, PENDING)

    def close(self, reference: str) -> None:
        """Do nothing."""

    def refund(self, _repayment: Repayment) -> bool:
        """Say that the money is back."""
        return True

    def bill(self, _day: date) -> bytes:
        """Have none."""
        raise ProviderFailed("NO_BILL")


def of(institution_id: UUID, code: str) -> Provider:
    """Return a provider of an institution; without keys there is none. Raises PAYMENT_PROVIDER_UNKNOWN.

    Keys of `wechat` and `alipay` lie in <payment_accounts_dir>/<institution id>.<provider>.json, the secret of
    any other provider is LIANXIAO_PAYMENT_SECRET_<PROVIDER>.
    """
    if code in {"wechat", "alipay"}:
        content = _account(institution_id, code)
        if content is not None:
            return WechatPay(wechat_pay.account(content)) if code == "wechat" else Alipay(alipay.account(content))
    else:
        secret = os.environ.get(f"LIANXIAO_PAYMENT_SECRET_{code.upper()}", "")
        if secret:
            return SignedSecret(secret.encode())
    raise InvalidInput("provider", f"{code} is not set up here", reason="PAYMENT_PROVIDER_UNKNOWN")


def is_set_up(institution_id: UUID, code: str) -> bool:
    """Say whether an institution has keys of a provider."""
    try:
        of(institution_id, code)
    except InvalidInput:
        return False
    return True


def _account(institution_id: UUID, code: str) -> dict[str, str] | None:
    folder = settings().payment_accounts_dir
    path = folder / f"{institution_id}.{code}.json" if folder else None
    if path is None or not path.is_file():
        return None
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content
