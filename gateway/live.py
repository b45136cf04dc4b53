"""Server-sent events: changes that the caller may see, read from the notification service's feed every second."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import grpc
import grpc.aio
import orjson
from prometheus_client import Gauge

from gateway import auth
from gateway.edge import Edge
from gateway.exchange import ClientGone, Exchange
from gateway.limits import Places
from shared.codec.encode import encode
from shared.errors import InvalidInput

SERVICE = "lianxiao.notification.v1.FeedService"
PATH = "/v1/events"
PAGE = 100
_POLL_SECONDS = 1.0
_HEARTBEAT_SECONDS = 15.0
_UNKNOWN_LIFETIME_SECONDS = 300.0
# Between two reads a busy service may fail; only these mean that reading on is pointless.
_FINAL = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
_LARGEST_SEQUENCE = 2**63 - 1

STREAMS = Gauge("lianxiao_http_streams", "Open event streams")


class Live:
    """`GET /v1/events`."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._places = Places(edge.config.streams_per_caller)

    async def __call__(self, exchange: Exchange) -> None:
        """Stream changes until the token ends, the client leaves or the gateway stops."""
        self._edge.admit(exchange, is_public=False)
        deadline = expiry_of(auth.token_of(exchange))
        with self._places.one(auth.key_of(exchange)):
            STREAMS.set(self._places.total())
            try:
                await self._stream(exchange, deadline)
            finally:
                STREAMS.set(self._places.total() - 1)

    async def _stream(self, exchange: Exchange, deadline: float) -> None:
        # The first page is read before the answer begins, so that a refusal still gets its status.
        sequence, changes = await self._changes(exchange, _place_of(exchange))
        await exchange.begin(200, [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")])
        await exchange.write(f"retry: 2000\n\n{_events(changes)}".encode())
        left = asyncio.ensure_future(exchange.gone())
        stopping = asyncio.ensure_future(self._edge.stopping.wait())
        try:
            await self._follow(exchange, sequence, deadline, {left, stopping})
        finally:
            for waiting in (left, stopping):
                waiting.cancel()
        if left.done() and not left.cancelled():
            raise ClientGone
        await exchange.write(b"", last=True)

    async def _follow(self, exchange: Exchange, sequence: int, deadline: float, ends: set[asyncio.Future[Any]]) -> None:
        spoken = time.monotonic()
        while time.time() < deadline:
            done, _ = await asyncio.wait(ends, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return
            try:
                sequence, changes = await self._changes(exchange, sequence)
            except grpc.aio.AioRpcError as error:
                if error.code() in _FINAL:
                    return
                changes = []
            if changes:
                await exchange.write(_events(changes).encode())
                spoken = time.monotonic()
            elif time.monotonic() - spoken > _HEARTBEAT_SECONDS:
                await exchange.write(b": still here\n\n")
                spoken = time.monotonic()

    async def _changes(self, exchange: Exchange, after: int) -> tuple[int, list[dict[str, Any]]]:
        """Return the next place and the changes up to it; place 0 asks where the feed stands and brings none."""
        method = self._edge.method(SERVICE, "ListChanges")
        request: Any = method.request()
        request.after_sequence = after
        request.page_size = PAGE
        response = await self._edge.backend.ask(method, request, exchange)
        return response.next_sequence, encode(response)["changes"]


def _place_of(exchange: Exchange) -> int:
    """Return after which change to begin; without `Last-Event-ID` after the newest."""
    last = exchange.header("last-event-id")
    if not last:
        return 0
    if last.isascii() and last.isdigit() and int(last) <= _LARGEST_SEQUENCE:
        return int(last)
    raise InvalidInput("Last-Event-ID", "must be the id of an event of this stream")


def _events(changes: list[dict[str, Any]]) -> str:
    return "".join(
        f"id: {change['sequence']}\nevent: {change['kind']}\ndata: {orjson.dumps(change).decode()}\n\n"
        for change in changes
    )


def expiry_of(token: str) -> float:
    """Return when an already verified token ends, in seconds since 1970."""
    try:
        claims = token.split(".")[1]
        return float(orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return time.time() + _UNKNOWN_LIFETIME_SECONDS
