"""Notices of other programs, as they really come: any body, with the signature in headers of the sender's own."""

from __future__ import annotations

from typing import Any

from gateway.edge import Edge
from gateway.exchange import Exchange
from gateway.problems import Problem

SERVICE = "lianxiao.billing.v1.PaymentService"
LEADS = "/callbacks/leads/"
_FORMS = "lianxiao.lead.v1.LeadFormService"
PREFIX = "/callbacks/payments/"
LARGEST = 64 * 1024
# How a provider begins the names of its three headers; the others use ours.
_HEADERS = {"wechat": "wechatpay"}
_OURS = "lianxiao"
_THANKS = b'{"code":"SUCCESS","message":"OK"}'


class Callbacks:
    """`POST /callbacks/payments/{institution_id}/{provider}`: the body goes on untouched, for its signature to hold."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, exchange: Exchange) -> None:
        """Hand the notice to billing; the provider repeats it until it is thanked."""
        parts = exchange.path.removeprefix(PREFIX).split("/")
        if len(parts) != 2 or not all(parts):  # noqa: PLR2004 - institution and provider
            raise Problem(404, "ROUTE_NOT_FOUND")
        if exchange.verb != "POST":
            raise Problem(405, "VERB_NOT_ALLOWED", allow="POST")
        exchange.label = f"POST {PREFIX}{{institution_id}}/{{provider}}"
        self._edge.admit(exchange, is_public=True)
        method = self._edge.method(SERVICE, "HandlePaymentCallback")
        request: Any = method.request()
        request.institution_id, request.provider = parts
        request.body = await exchange.body(LARGEST)
        name = _HEADERS.get(request.provider, _OURS)
        for part in ("signature", "timestamp", "nonce"):
            setattr(request, part, exchange.header(f"{name}-{part}"))
        await self._edge.backend.ask(method, request, exchange)
        await exchange.answer(200, _THANKS)


class LeadCallbacks:
    """`POST /callbacks/leads/{institution_id}/{webhook_id}`: an enquiry that another program has signed."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, exchange: Exchange) -> None:
        """Hand the body to lead as it came."""
        parts = exchange.path.removeprefix(LEADS).split("/")
        if len(parts) != 2 or not all(parts):  # noqa: PLR2004 - institution and webhook
            raise Problem(404, "ROUTE_NOT_FOUND")
        if exchange.verb != "POST":
            raise Problem(405, "VERB_NOT_ALLOWED", allow="POST")
        exchange.label = f"POST {LEADS}{{institution_id}}/{{webhook_id}}"
        self._edge.admit(exchange, is_public=True)
        method = self._edge.method(_FORMS, "ReceiveWebhook")
        request: Any = method.request()
        request.institution_id, request.webhook_id = parts
        request.body = await exchange.body(LARGEST)
        for part in ("signature", "timestamp", "nonce"):
            setattr(request, part, exchange.header(f"{_OURS}-{part}"))
        answer: Any = await self._edge.backend.ask(method, request, exchange)
        await exchange.answer(200, b'{"created":true}' if answer.created else b'{"created":false}')
