"""One HTTP request and its answer, straight on ASGI."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from gateway.problems import Problem
from shared.caller import Caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
# How much of a refused body is read to its end, so that an honest client gets to see the answer.
_DRAIN = 16


class ClientGone(Exception):
    """The client closed the connection; there is nobody left to answer."""


class Exchange:
    """A request with what the gateway learnt about it, and the one answer that is sent for it."""

    __slots__ = (
        "_receive",
        "_send",
        "caller",
        "headers",
        "label",
        "language",
        "request_id",
        "scope",
        "sent",
        "standing",
        "status",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.language = language_of(self.header("accept-language"))
        given = self.header("x-request-id")
        self.request_id = given if _SAFE_ID.match(given) else ""
        self.caller: Caller | None = None
        self.standing: Headers = []
        self.label = "-"
        self.status = 0
        self.sent = 0

    @property
    def verb(self) -> str:
        """The HTTP method."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The path as it was sent, percent-encoded."""
        raw = self.scope.get("raw_path") or self.scope["path"].encode()
        return str(raw.split(b"?", 1)[0].decode("ascii", "replace"))

    @property
    def is_secure(self) -> bool:
        """Say whether the client came by https, also through a trusted proxy."""
        return bool(self.scope.get("scheme") == "https")

    @property
    def address(self) -> str:
        """The client's address, as the server or a trusted proxy saw it."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    def header(self, name: str) -> str:
        """Return a request header, or an empty text; bytes outside latin-1 cannot occur in HTTP."""
        return self.headers.get(name.encode(), b"").decode("latin-1")

    async def body(self, limit: int) -> bytes:
        """Read the whole body; raises Problem 413 above `limit` bytes."""
        parts = [part async for part in self.chunks(limit)]
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunks(self, limit: int) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; raises Problem 413 as soon as it is known to be above `limit` bytes."""
        if self.header("content-encoding") not in {"", "identity"}:
            raise Problem(415, "ENCODING_NOT_READ")
        announced = self.header("content-length")
        size = 0
        is_over = announced.isdigit() and int(announced) > limit
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part = message.get("body", b"")
            size += len(part)
            is_over = is_over or size > limit
            if is_over and (not message.get("more_body") or size > limit * _DRAIN):
                raise Problem(413, "BODY_TOO_LARGE", info={"limit_bytes": str(limit)})
            if part and not is_over:
                yield part
            if not message.get("more_body"):
                return

    async def answer(self, status: int, body: bytes = b"", kind: bytes = JSON, more: Headers | None = None) -> None:
        """Send the whole answer."""
        headers = [*(more or ()), (b"content-length", str(len(body)).encode())]
        if body or kind is not JSON:
            headers.append((b"content-type", kind))
        await self.begin(status, headers)
        await self.write(b"" if self.verb == "HEAD" else body, last=True)

    async def begin(self, status: int, headers: Headers) -> None:
        """Send status and headers."""
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": [*self.standing, *headers]})

    async def write(self, part: bytes, *, last: bool = False) -> None:
        """Send a part of the body."""
        self.sent += len(part)
        await self._send({"type": "http.response.body", "body": part, "more_body": not last})

    async def gone(self) -> None:
        """Return when the client has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def language_of(accepted: str) -> str:
    """Choose between zh and en by Accept-Language; zh where the client does not say."""
    best, language = 0.0, "zh"
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().split("-")[0].lower()
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality = 0.0
        if primary in {"zh", "en"} and quality > best:
            best, language = quality, primary
    return language
