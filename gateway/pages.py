"""What stands beside the API: health, readiness, the OpenAPI document and a plain reference page."""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from gateway import openapi, problems
from gateway.edge import Edge
from gateway.exchange import Exchange

_POLICY = [(b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")]
_STYLE = """body{font:15px/1.55 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
code{background:#f3f3f5;padding:.1em .3em;border-radius:3px}h2{margin-top:2.2rem;border-bottom:1px solid #ddd}
details{margin:.35rem 0}summary{cursor:pointer}.v{display:inline-block;min-width:4.2em;font-weight:600;color:#05a}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2em .6em;border-top:1px solid #eee;vertical-align:top}
.p{color:#666;white-space:pre-wrap}"""


class Pages:
    """The handlers; document and page are made once, at the first request."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._document: dict[str, Any] | None = None

    def handlers(self) -> dict[tuple[str, str], Callable[[Exchange], Awaitable[None]]]:
        """Return the routes."""
        return {
            ("GET", "/healthz"): self.healthy,
            ("GET", "/readyz"): self.ready,
            ("GET", "/openapi.json"): self.openapi,
            ("GET", "/docs"): self.reference,
        }

    async def healthy(self, exchange: Exchange) -> None:
        """Say that the process runs, whatever else is away."""
        await exchange.answer(200, b'{"status":"ok"}')

    async def ready(self, exchange: Exchange) -> None:
        """Say whether every service can be reached and no shutdown has begun."""
        services = await self._edge.channels.ready()
        is_ready = all(services.values()) and not self._edge.stopping.is_set()
        answer = {"status": "ready" if is_ready else "not ready", "services": services}
        await exchange.answer(200 if is_ready else 503, orjson.dumps(answer), more=[(b"cache-control", b"no-store")])

    async def openapi(self, exchange: Exchange) -> None:
        """Send the OpenAPI document."""
        await exchange.answer(200, orjson.dumps(self._made()))

    async def reference(self, exchange: Exchange) -> None:
        """Send the reference page."""
        page = _page(self._made(), exchange.language).encode()
        await exchange.answer(200, page, b"text/html; charset=utf-8", _POLICY)

    def _made(self) -> dict[str, Any]:
        if self._document is None:
            self._document = openapi.document(self._edge.catalogue)
        return self._document


def _page(document: dict[str, Any], language: str) -> str:
    operations = [
        (operation["tags"][0], verb, path, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]
    parts = [
        f"<!doctype html><html lang='{language}'><meta charset='utf-8'><title>Lianxiao API</title>",
        f"<style>{_STYLE}</style>",
        f"<h1>Lianxiao API</h1><p class='p'>{_text(document['info']['description'])}</p>",
        "<p><a href='/openapi.json'>openapi.json</a></p>",
    ]
    for tag in document["tags"]:
        parts.append(f"<h2>{_text(tag['name'])}</h2><p class='p'>{_text(tag['description'])}</p>")
        parts += [_operation(verb, path, each) for name, verb, path, each in operations if name == tag["name"]]
    parts.append("<h2>reason</h2><table>")
    for reason, sentence in sorted(problems.sentences(language).items()):
        parts.append(f"<tr id='{_text(reason)}'><td><code>{_text(reason)}</code><td>{_text(sentence)}</tr>")
    return "\n".join([*parts, "</table></html>"])


def _operation(verb: str, path: str, operation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{_text(one['name'])}</code><td>{_text(one['in'])}<td>{_text(one.get('description', ''))}</tr>"
        for one in operation["parameters"]
    ]
    return (
        f"<details><summary><span class='v'>{verb.upper()}</span> <code>{_text(path)}</code> "
        f"{_text(operation['summary'])}</summary><p class='p'>{_text(operation['description'])}</p>"
        f"<p><code>{_text(operation['operationId'])}</code> · {_text(operation['x-permission'])}</p>"
        f"<table>{''.join(rows)}</table></details>"
    )


def _text(value: str) -> str:
    return html.escape(value, quote=True)
