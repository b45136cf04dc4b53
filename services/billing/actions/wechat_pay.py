"""WeChat Pay over the network. Nothing here touches the database, and no transaction is open meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from datetime import UTC, date, datetime
from typing import Any

import httpx

from services.billing.rules import wechat_pay as rules
from services.billing.rules.callbacks import PENDING, Callback, Notice
from services.billing.rules.provider_orders import Asked, ProviderFailed, Repayment
from shared.errors import DomainError

_TIMEOUT_SECONDS = 10.0
_BY_REFERENCE = "/v3/pay/transactions/out-trade-no"
_REFUNDS = "/v3/refund/domestic/refunds"
_HEADERS = ("signature", "timestamp", "nonce", "serial")


def _now() -> datetime:
    # house: no_naive_time - no transaction is open; the provider compares its clock with ours
    return datetime.now(UTC)


class WechatPay:
    """A merchant account at WeChat Pay; see `services.billing.actions.providers.Provider`."""

    def __init__(self, account: rules.Account) -> None:
        self._account = account

    def notice(self, callback: Callback, now: datetime) -> Notice:
        """Verify and read a notice; raises NotAllowed and InvalidInput."""
        return rules.notice(self._account, callback, now)

    def order(self, asked: Asked) -> str:
        """Order an amount and return the code to scan; the same order again answers with the same code."""
        return str(
            self._ask("POST", "/v3/pay/transactions/native", rules.native_order(self._account, asked))["code_url"]
        )

    def query(self, reference: str) -> Notice:
        """Ask what became of an order; one that the provider does not know yet is pending."""
        try:
            said = self._ask("GET", f"{_BY_REFERENCE}/{reference}?mchid={self._account.merchant_id}")
        except ProviderFailed as failure:
            if failure.code in {"ORDER_NOT_EXIST", "ORDERNOTEXIST"}:
                return Notice("", reference, 0, "CNY", PENDING)
            raise
        try:
            return rules.read(self._account, said)
        except DomainError as error:
            raise ProviderFailed("ANSWER_UNREADABLE", error.message) from None

    def close(self, reference: str) -> None:
        """Close an order that nobody paid; a paid one stays, which `query` tells."""
        try:
            self._ask("POST", f"{_BY_REFERENCE}/{reference}/close", {"mchid": self._account.merchant_id})
        except ProviderFailed as failure:
            if failure.code not in {"ORDERPAID", "ORDER_PAID", "ORDER_CLOSED", "ORDERCLOSED", "ORDER_NOT_EXIST"}:
                raise

    def refund(self, repayment: Repayment) -> bool:
        """Give money back by the original route; True when it is there, False while it is on its way.

        What the provider knows under this number already is not sent again.
        """
        try:
            said = self._ask("GET", f"{_REFUNDS}/{repayment.refund_reference}")
        except ProviderFailed as failure:
            if failure.code != "RESOURCE_NOT_EXISTS":
                raise
            said = self._ask("POST", _REFUNDS, rules.refund(repayment))
        if said.get("status") not in {"SUCCESS", "PROCESSING"}:
            raise ProviderFailed(str(said.get("status")))
        return bool(said["status"] == "SUCCESS")

    def bill(self, day: date) -> bytes:
        """Return the statement of a day as the provider's CSV, compared with its digest."""
        ticket = self._ask("GET", f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP")
        url = httpx.URL(ticket["download_url"])
        # The file itself is not signed; its digest came signed.
        content = self._send("GET", url.raw_path.decode(), b"").content
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        if (
            ticket["hash_type"] != "SHA1"
            or hashlib.sha1(content, usedforsecurity=False).hexdigest() != ticket["hash_value"]
        ):
            raise ProviderFailed("BILL_DIGEST_WRONG")
        return content

    def _ask(self, method: str, target: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        answer = self._send(method, target, body)
        signed = {name: answer.headers.get(f"wechatpay-{name}", "") for name in _HEADERS}
        try:
            rules.check(self._account, Callback(body=answer.content, **signed), _now())
            said = json.loads(answer.content) if answer.content else {}
        except (DomainError, ValueError):
            raise ProviderFailed("ANSWER_NOT_SIGNED") from None
        return dict(said)

    def _send(self, method: str, target: str, body: bytes) -> httpx.Response:
        """Send one request; raises ProviderFailed with the provider's code for anything but success."""
        nonce = secrets.token_hex(16).upper()
        signed = rules.authorization(self._account, method=method, target=target, body=body, now=_now(), nonce=nonce)
        headers = {"authorization": signed, "accept": "application/json", "content-type": "application/json"}
        try:
            answer = httpx.request(
                method, self._account.address + target, content=body, headers=headers, timeout=_TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            raise ProviderFailed("UNREACHABLE", type(error).__name__) from None
        if not answer.is_success:
            raise _failure(answer)
        return answer


def _failure(answer: httpx.Response) -> ProviderFailed:
    try:
        said = answer.json()
        return ProviderFailed(str(said["code"]), str(said.get("message", "")))
    except (ValueError, KeyError, TypeError):
        return ProviderFailed(f"HTTP_{answer.status_code}")
