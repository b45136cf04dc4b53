"""Notices of other programs, as they really come: any body, with the signature in headers of the sender's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.edge import Edge
from gateway.exchange import Exchange
from gateway.problems import Problem

LARGEST = 64 * 1024
# How a sender begins the names of its headers; the others use ours.
_HEADERS = {"wechat": "wechatpay", "esign": "x-tsign-open"}
_OURS = "lianxiao"


@dataclass(frozen=True, slots=True)
class Door:
    """One kind of notice: `POST {prefix}{institution_id}/{sender}`, the RPC that takes it, and what thanks for it."""

    prefix: str
    # The field of the request that says who sends.
    sender: str
    service: str
    rpc: str
    # Is given the answer and who sent.
    thanks: Callable[[Any, str], bytes]
    # What the headers of a sender say about its signature.
    signed: tuple[str, ...] = ("signature", "timestamp", "nonce")


DOORS = (
    Door(
        "/callbacks/payments/",
        "provider",
        "lianxiao.billing.v1.PaymentService",
        "HandlePaymentCallback",
        # A provider repeats a notice until it reads this.
        lambda _, sender: b"success" if sender == "alipay" else b'{"code":"SUCCESS","message":"OK"}',
        ("signature", "timestamp", "nonce", "serial"),
    ),
    Door(
        "/callbacks/signatures/",
        "provider",
        "lianxiao.billing.v1.SignatureService",
        "HandleSignatureCallback",
        lambda *_: b'{"code":"200","msg":"success"}',
        ("signature", "timestamp", "app_id"),
    ),
    Door(
        "/callbacks/leads/",
        "webhook_id",
        "lianxiao.lead.v1.LeadFormService",
        "ReceiveWebhook",
        lambda answer, _: b'{"created":true}' if answer.created else b'{"created":false}',
    ),
    Door(
        "/callbacks/devices/",
        "attendance_device_id",
        "lianxiao.scheduling.v1.AttendanceDeviceService",
        "ReceiveDeviceEvent",
        lambda answer, _: b'{"matched":true}' if answer.matched else b'{"matched":false}',
    ),
)


class Callbacks:
    """Takes the notices of one door; the body goes on untouched, for its signature to hold."""

    def __init__(self, edge: Edge, door: Door) -> None:
        self._edge = edge
        self._door = door

    async def __call__(self, exchange: Exchange) -> None:
        """Hand the notice on; raises Problem ROUTE_NOT_FOUND, VERB_NOT_ALLOWED and what the service refuses."""
        door = self._door
        parts = exchange.path.removeprefix(door.prefix).split("/")
        if len(parts) != 2 or not all(parts):  # noqa: PLR2004 - institution and sender
            raise Problem(404, "ROUTE_NOT_FOUND")
        if exchange.verb != "POST":
            raise Problem(405, "VERB_NOT_ALLOWED", allow="POST")
        exchange.label = f"POST {door.prefix}{{institution_id}}/{{{door.sender}}}"
        self._edge.admit(exchange, is_public=True)
        method = self._edge.method(door.service, door.rpc)
        request: Any = method.request()
        request.institution_id, sender = parts
        setattr(request, door.sender, sender)
        request.body = await exchange.body(LARGEST)
        for part in door.signed:
            setattr(request, part, exchange.header(f"{_HEADERS.get(sender, _OURS)}-{part.replace('_', '-')}"))
        await exchange.answer(200, door.thanks(await self._edge.backend.ask(method, request, exchange), sender))
