"""Alipay over the network. Nothing here touches the database, and no transaction is open meanwhile."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import httpx

from services.billing.rules import alipay as rules
from services.billing.rules.callbacks import PENDING, Callback, Notice
from services.billing.rules.provider_orders import Asked, ProviderFailed, Repayment
from shared.errors import DomainError
from shared.money import CURRENCY

_TIMEOUT_SECONDS = 10.0


def _now() -> datetime:
    # house: no_naive_time - no transaction is open; the provider compares its clock with ours
    return datetime.now(UTC)


class Alipay:
    """An application at Alipay; see `services.billing.actions.providers.Provider`."""

    def __init__(self, account: rules.Account) -> None:
        self._account = account

    def notice(self, callback: Callback, _now: datetime) -> Notice:
        """Verify and read a notice; raises NotAllowed and InvalidInput."""
        return rules.notice(self._account, callback)

    def order(self, asked: Asked) -> str:
        """Order an amount and return the code to scan."""
        return str(self._ask("alipay.trade.precreate", rules.precreate(asked))["qr_code"])

    def query(self, reference: str) -> Notice:
        """Ask what became of an order; before somebody scans its code the provider knows no trade."""
        try:
            return rules.read(self._ask("alipay.trade.query", {"out_trade_no": reference}))
        except ProviderFailed as failure:
            if failure.code == rules.UNKNOWN_TRADE:
                return Notice("", reference, 0, CURRENCY, PENDING)
            raise
        except DomainError as error:
            raise ProviderFailed("ANSWER_UNREADABLE", error.message) from None

    def close(self, reference: str) -> None:
        """Close an order that nobody paid; a paid one stays, which `query` tells."""
        try:
            self._ask("alipay.trade.close", {"out_trade_no": reference})
        except ProviderFailed as failure:
            if failure.code not in {rules.UNKNOWN_TRADE, "ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID"}:
                raise

    def refund(self, repayment: Repayment) -> bool:
        """Give money back by the original route; a repetition moves nothing. True when it is there."""
        said = self._ask("alipay.trade.refund", rules.refund(repayment))
        if said.get("fund_change") == "Y":
            return True
        query = {"out_trade_no": repayment.reference, "out_request_no": repayment.refund_reference}
        return bool(self._ask("alipay.trade.fastpay.refund.query", query).get("refund_status") == "REFUND_SUCCESS")

    def bill(self, day: date) -> bytes:
        """Return the statement of a day: the file of single trades out of the provider's archive."""
        wanted = {"bill_type": "trade", "bill_date": day.isoformat()}
        url = self._ask("alipay.data.dataservice.bill.downloadurl.query", wanted)["bill_download_url"]
        try:
            answer = httpx.get(url, timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                # Beside the single trades lies their summary, the smaller file.
                return archive.read(max(archive.infolist(), key=lambda member: member.file_size))
        except httpx.HTTPError as error:
            raise ProviderFailed("UNREACHABLE", type(error).__name__) from None
        except (zipfile.BadZipFile, ValueError):
            raise ProviderFailed("BILL_UNREADABLE") from None

    def _ask(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        parameters = rules.request(self._account, method, content, _now())
        try:
            answer = httpx.post(
                self._account.address, params={"charset": "utf-8"}, data=parameters, timeout=_TIMEOUT_SECONDS
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise ProviderFailed("UNREACHABLE", type(error).__name__) from None
        return rules.answer(self._account, method, answer.content.decode())
