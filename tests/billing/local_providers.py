"""WeChat Pay and Alipay as they answer, in this process: they verify what we sign and sign what they say.

Keys are made here; nothing of ours but the account files is used to speak their protocols.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import secrets
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.billing.actions import providers

MERCHANT, APP, SERIAL, PLATFORM = (
    "1900000109",
    "wxd678efh567hg6787",
    "5157F09EFDC096DE15EBE81A47057A72",
    "PUB_KEY_ID_01",
)
API_KEY = "0123456789abcdef0123456789abcdef"
ALIPAY_APP = "2014072300007148"
_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')
_REFUNDS = "/v3/refund/domestic/refunds"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Return the key of a name; the same all through a run."""
    assert name
    return rsa.generate_private_key(65537, 2048)


def signed(name: str, message: bytes) -> str:
    return base64.b64encode(key(name).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(name: str, message: bytes, signature: str) -> bool:
    try:
        key(name).public_key().verify(base64.b64decode(signature), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def private_pem(name: str) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key(name).private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def public_pem(name: str) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key(name).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def wechat_account(address: str) -> dict[str, Any]:
    return {
        "merchant_id": MERCHANT,
        "app_id": APP,
        "serial": SERIAL,
        "private_key": private_pem("merchant"),
        "api_key": API_KEY,
        "platform_keys": {PLATFORM: public_pem("wechat")},
        "notify_url": "https://school.example/callbacks/payments/1/wechat",
        "address": address,
    }


def alipay_account(address: str) -> dict[str, Any]:
    return {
        "app_id": ALIPAY_APP,
        "private_key": private_pem("application"),
        "platform_key": public_pem("alipay"),
        "notify_url": "https://school.example/callbacks/payments/1/alipay",
        "address": f"{address}/gateway.do",
    }


def install(patch: pytest.MonkeyPatch, folder: Path, institution_id: UUID, address: str) -> None:
    """Write the account files of an institution, and say where they are."""
    # The real settings are read once, from an environment that other fixtures make.
    patch.setattr(providers, "settings", lambda: SimpleNamespace(payment_accounts_dir=folder))
    for name, content in (("wechat", wechat_account(address)), ("alipay", alipay_account(address))):
        (folder / f"{institution_id}.{name}.json").write_text(json.dumps(content))


@dataclass
class Order:
    """An order as a provider knows it."""

    amount: int
    state: str = "NOTPAY"
    transaction_id: str = ""
    refunds: dict[str, int] = field(default_factory=dict)


@dataclass
class Books:
    """What both providers know and have been asked."""

    orders: dict[str, Order] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    # Answers that are given without a signature, or not at all.
    unsigned: bool = False
    down: bool = False
    # What WeChat Pay says of a refund when it is asked again.
    refund_status: str = "SUCCESS"
    bill: bytes = b""

    def pay(self, reference: str, transaction_id: str = "") -> Order:
        """Have the payer pay."""
        order = self.orders[reference]
        order.state, order.transaction_id = "SUCCESS", transaction_id or f"4200{secrets.randbelow(10**12):012}"
        return order


def transaction(reference: str, order: Order) -> dict[str, Any]:
    """Return a transaction as WeChat Pay tells it."""
    said: dict[str, Any] = {"appid": APP, "mchid": MERCHANT, "out_trade_no": reference, "trade_state": order.state}
    if order.transaction_id:
        said["transaction_id"] = order.transaction_id
        said["amount"] = {"total": order.amount, "payer_total": order.amount, "currency": "CNY"}
    return said


def wechat_notice(
    content: dict[str, Any], *, when: float = 0, by: str = "wechat", serial: str = PLATFORM, api_key: str = API_KEY
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the signature parts of a notice."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(api_key.encode()).encrypt(nonce.encode(), json.dumps(content).encode(), b"transaction")
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "transaction",
        "nonce": nonce,
    }
    body = json.dumps({"id": secrets.token_hex(16), "event_type": "TRANSACTION.SUCCESS", "resource": resource}).encode()
    timestamp, stamp = str(int(when or time.time())), secrets.token_hex(16)
    signature = signed(by, f"{timestamp}\n{stamp}\n".encode() + body + b"\n")
    return body, {"timestamp": timestamp, "nonce": stamp, "serial": serial, "signature": signature}


def alipay_notice(reference: str, order: Order, *, by: str = "alipay", **more: str) -> bytes:
    """Return the body of a notice."""
    content = {
        "notify_type": "trade_status_sync",
        "app_id": ALIPAY_APP,
        "trade_no": order.transaction_id,
        "out_trade_no": reference,
        "trade_status": "TRADE_SUCCESS",
        "total_amount": f"{order.amount // 100}.{order.amount % 100:02}",
        "subject": "课时费 & 教材",
        "passback_params": "",
        **more,
    }
    message = "&".join(f"{name}={value}" for name, value in sorted(content.items()) if value)
    return urlencode(content | {"sign_type": "RSA2", "sign": signed(by, message.encode())}).encode()


class _Handler(BaseHTTPRequestHandler):
    books: ClassVar[Books]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        if self.books.down:
            self._send(503, b"{}")
        elif self.path.startswith("/gateway.do"):
            self._send(200, self._alipay(dict(parse_qsl(body.decode()))))
        elif self.path.startswith("/archive"):
            self._send(200, self.books.bill)
        else:
            status, content, is_file = self._wechat(body)
            self._send(status, content, signed_by_wechat=not is_file and not self.books.unsigned)

    def _send(self, status: int, content: bytes, *, signed_by_wechat: bool = False) -> None:
        self.send_response(status)
        if signed_by_wechat:
            timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
            message = f"{timestamp}\n{nonce}\n".encode() + content + b"\n"
            for name, value in {
                "Timestamp": timestamp,
                "Nonce": nonce,
                "Serial": PLATFORM,
                "Signature": signed("wechat", message),
            }.items():
                self.send_header(f"Wechatpay-{name}", value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _wechat(self, body: bytes) -> tuple[int, bytes, bool]:
        scheme, _, rest = self.headers.get("authorization", "").partition(" ")
        said = dict(_AUTHORIZATION.findall(rest))
        message = f"{self.command}\n{self.path}\n{said['timestamp']}\n{said['nonce_str']}\n".encode() + body + b"\n"
        fresh = said["nonce_str"] not in self.books.nonces and abs(time.time() - int(said["timestamp"])) < 300
        ours = (scheme, said["mchid"], said["serial_no"]) == ("WECHATPAY2-SHA256-RSA2048", MERCHANT, SERIAL)
        if not (fresh and ours and is_signed("merchant", message, said["signature"])):
            return 401, b'{"code":"SIGN_ERROR","message":"bad signature"}', False
        self.books.nonces.add(said["nonce_str"])
        path = urlsplit(self.path).path
        self.books.asked.append(path)
        if path == "/v3/billdownload/file":
            return 200, gzip.compress(self.books.bill), True
        status, content = self._wechat_answer(path, json.loads(body) if body else {})
        return status, json.dumps(content, ensure_ascii=False).encode() if content is not None else b"", False

    def _wechat_answer(  # noqa: PLR0911 - one return for each address
        self, path: str, content: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | None]:
        orders = self.books.orders
        if path == "/v3/pay/transactions/native":
            assert (content["appid"], content["mchid"], content["amount"]["currency"]) == (APP, MERCHANT, "CNY")
            assert content["time_expire"].endswith("+08:00")
            assert len(content["out_trade_no"]) <= 32
            orders.setdefault(content["out_trade_no"], Order(content["amount"]["total"]))
            return 200, {"code_url": f"weixin://wxpay/bizpayurl?pr={content['out_trade_no'][:8]}"}
        if path.startswith(_REFUNDS):
            return self._wechat_refund(path.removeprefix(_REFUNDS).removeprefix("/"), content)
        if path == "/v3/bill/tradebill":
            address = f"http://127.0.0.1:{self.server.server_address[1]}/v3/billdownload/file?token=abc"  # type: ignore[index]
            digest = hashlib.sha1(self.books.bill, usedforsecurity=False).hexdigest()
            return 200, {"download_url": address, "hash_type": "SHA1", "hash_value": digest}
        reference = path.removesuffix("/close").rsplit("/", 1)[1]
        if reference not in orders:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "no such order"}
        order = orders[reference]
        if path.endswith("/close"):
            if order.state == "SUCCESS":
                return 400, {"code": "ORDERPAID", "message": "paid"}
            order.state = "CLOSED"
            return 204, None
        return 200, transaction(reference, order)

    def _wechat_refund(self, number: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Tell of a refund by its number, or make one."""
        orders, said = self.books.orders, {"refund_id": "50000000382019052709732678859"}
        if number:
            if any(number in order.refunds for order in orders.values()):
                return 200, said | {"status": self.books.refund_status}
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "no such refund"}
        order, amount = orders[content["out_trade_no"]], content["amount"]
        assert (amount["total"], amount["currency"]) == (order.amount, "CNY")
        assert content["out_refund_no"] not in order.refunds, "sent twice"
        if sum(order.refunds.values()) + amount["refund"] > order.amount:
            return 403, {"code": "NOT_ENOUGH", "message": "more than was paid"}
        order.refunds[content["out_refund_no"]] = amount["refund"]
        return 200, said | {"status": "PROCESSING"}

    def _alipay(self, asked: dict[str, str]) -> bytes:
        method = asked["method"]
        self.books.asked.append(method)
        message = "&".join(f"{name}={asked[name]}" for name in sorted(asked) if name != "sign" and asked[name])
        if asked["sign_type"] == "RSA2" and is_signed("application", message.encode(), asked["sign"]):
            content = self._alipay_answer(method, json.loads(asked["biz_content"]))
        else:
            content = {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"}
        text = json.dumps(content, ensure_ascii=False, indent=1).replace("/", "\\/")
        signature = signed("merchant" if self.books.unsigned else "alipay", text.encode())
        return f'{{"{method.replace(".", "_")}_response": {text} ,"sign":"{signature}"}}'.encode()

    def _alipay_answer(  # noqa: PLR0911 - one return for each method
        self, method: str, content: dict[str, Any]
    ) -> dict[str, Any]:
        good: dict[str, Any] = {"code": "10000", "msg": "Success"}
        orders = self.books.orders
        if method == "alipay.data.dataservice.bill.downloadurl.query":
            return good | {"bill_download_url": f"http://127.0.0.1:{self.server.server_address[1]}/archive"}  # type: ignore[index]
        reference = content["out_trade_no"]
        if method == "alipay.trade.precreate":
            yuan, cents = content["total_amount"].split(".")
            orders.setdefault(reference, Order(int(yuan) * 100 + int(cents)))
            return good | {"out_trade_no": reference, "qr_code": f"https://qr.alipay.com/{reference[:8]}"}
        order = orders.get(reference)
        if order is None or order.state == "NOTPAY":
            return {
                "code": "40004",
                "msg": "Business Failed",
                "sub_code": "ACQ.TRADE_NOT_EXIST",
                "sub_msg": "交易不存在",
            }
        if method == "alipay.trade.query":
            state = {"SUCCESS": "TRADE_SUCCESS", "CLOSED": "TRADE_CLOSED"}[order.state]
            amount = f"{order.amount // 100}.{order.amount % 100:02}"
            trade = {"trade_no": order.transaction_id, "out_trade_no": reference}
            return good | trade | {"trade_status": state, "total_amount": amount, "buyer_logon_id": "张***"}
        if method == "alipay.trade.refund":
            is_new = content["out_request_no"] not in order.refunds
            order.refunds[content["out_request_no"]] = 1
            return good | {"fund_change": "Y" if is_new else "N"}
        if method == "alipay.trade.fastpay.refund.query":
            return good | {"refund_status": "REFUND_SUCCESS"}
        return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_STATUS_ERROR"}


def archive(detail: bytes) -> bytes:
    """Return a statement as Alipay packs it: the trades and, beside them, their summary."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as members:
        members.writestr("20881_20260301_业务明细(汇总).csv", "#\n".encode("gbk"))
        members.writestr("20881_20260301_业务明细.csv", detail)
    return packed.getvalue()


@contextmanager
def serving() -> Iterator[tuple[str, Books]]:
    """Run both providers at one address."""
    books = Books()
    handler = type("Handler", (_Handler,), {"books": books})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", books
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
