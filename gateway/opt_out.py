"""The page behind the way out of advertising: one click, no signing in, and a way back.

A mail program that was shown the address in `List-Unsubscribe` posts to it by itself (RFC 8058).
"""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs

from gateway.edge import Edge
from gateway.exchange import Exchange
from gateway.problems import Problem

PREFIX = "/opt-out/"
_SERVICE = "lianxiao.notification.v1.OptOutService"
_LARGEST = 1024
_POLICY = [
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
]
_STYLE = "body{font:17px/1.6 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#222}"
_STYLE += "button{font:inherit;padding:.5em 1.2em;border:1px solid #05a;border-radius:6px;background:#05a;color:#fff}"
_WORDS = {
    "zh": {
        "title": "营销信息退订",
        "in": "点击下面的按钮后，您将不再收到我们的营销信息。上课、缴费等服务通知不受影响。",
        "leave": "退订",
        "out": "已退订。您不会再收到我们的营销信息。",
        "back": "撤销退订",
    },
    "en": {
        "title": "Unsubscribe from advertising",
        "in": "After this click you get no more advertising from us. Notices about lessons and payments go on.",
        "leave": "Unsubscribe",
        "out": "You are unsubscribed and get no more advertising from us.",
        "back": "Undo",
    },
}


class OptOutPage:
    """`GET` shows how things stand, `POST` changes it; `undo` as the action takes the opt-out back."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, exchange: Exchange) -> None:
        """Answer with the page; raises Problem ROUTE_NOT_FOUND, VERB_NOT_ALLOWED and what the service refuses."""
        parts = exchange.path.removeprefix(PREFIX).split("/")
        if len(parts) != 2 or not all(parts):  # noqa: PLR2004 - institution and token
            raise Problem(404, "ROUTE_NOT_FOUND")
        if exchange.verb not in {"GET", "POST"}:
            raise Problem(405, "VERB_NOT_ALLOWED", allow="GET, POST")
        exchange.label = f"{exchange.verb} {PREFIX}{{institution_id}}/{{token}}"
        self._edge.admit(exchange, is_public=True)
        changes = exchange.verb == "POST"
        method = self._edge.method(_SERVICE, "SetPublicOptOut" if changes else "GetPublicOptOut")
        request: Any = method.request(institution_id=parts[0], token=parts[1])
        if changes:
            form = parse_qs((await exchange.body(_LARGEST)).decode("utf-8", "replace"))
            request.opted_out = form.get("action") != ["undo"]
        said = await self._edge.backend.ask(method, request, exchange)
        page = _page(exchange.language, opted_out=said.opted_out).encode()
        await exchange.answer(200, page, b"text/html; charset=utf-8", _POLICY)


def _page(language: str, *, opted_out: bool) -> str:
    words = {name: html.escape(text) for name, text in _WORDS.get(language, _WORDS["zh"]).items()}
    text, button = (words["out"], words["back"]) if opted_out else (words["in"], words["leave"])
    action = "undo" if opted_out else "leave"
    return (
        f"<!doctype html><html lang='{language}'><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'><title>{words['title']}</title><style>{_STYLE}</style>"
        f"<h1>{words['title']}</h1><p role='status'>{text}</p>"
        f"<form method='post'><button name='action' value='{action}'>{button}</button></form>"
    )
