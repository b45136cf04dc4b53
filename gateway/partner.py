"""The gRPC port for partner platforms: calls and streams pass by method name, after the same checks as REST."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opentelemetry.trace import SpanKind

from gateway.catalogue import Method
from gateway.config import Config
from gateway.edge import Edge
from shared import status, telemetry
from shared.caller import Caller
from shared.errors import DomainError, LimitReached, NotSignedIn
from shared.tokens import METADATA_OPTIONS

LARGEST_MESSAGE = 4 * 1024 * 1024
_PASSED_ON = ("accept-language", "x-request-id")
_STOP_SECONDS = 10.0
_BROKEN = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}

_Handler = Any  # grpc's own class is generic to the type checker only


class Partner:
    """A generic proxy: it knows the names of methods, never the types of their messages."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._forwards: dict[str, _Handler] = {}
        self._health = _Health()
        options = [
            *METADATA_OPTIONS,
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", 4 * LARGEST_MESSAGE),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.max_connection_age_ms", 600_000),
            ("grpc.max_connection_age_grace_ms", 30_000),
            ("grpc.so_reuseport", 0),
        ]
        self._server = grpc.aio.server(options=options)
        self._server.add_generic_rpc_handlers((_Everything(self._handler),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    async def start(self, host: str) -> int:
        """Listen on the partner port; return the port."""
        config = self._edge.config
        address = f"{host}:{config.partner_port}"
        credentials = _credentials(config)
        port = (
            self._server.add_secure_port(address, credentials)
            if credentials
            else self._server.add_insecure_port(address)
        )
        await self._server.start()
        return int(port)

    async def stop(self) -> None:
        """Let running calls end."""
        await self._server.stop(_STOP_SECONDS)

    def _handler(self, path: str) -> _Handler | None:
        known = self._forwards.get(path)
        if known is None and path in self._edge.catalogue.methods:
            method = self._edge.catalogue.methods[path]
            make = self._forward if method.endpoint.acknowledgement is None else self._forward_stream
            known = self._forwards[path] = make(path, method)
        return known

    def _forward(self, path: str, method: Method) -> _Handler:
        call = self._edge.channels.channel(method.endpoint.service).unary_unary(path)

        async def forward(request: bytes, context: Any) -> bytes:
            given = _texts(context)
            async with _refusing(method, context, given):
                metadata, _ = self._admit(given, context.peer(), is_public=method.is_public)
                return cast("bytes", await call(request, timeout=self._seconds(context), metadata=metadata))

        return grpc.unary_unary_rpc_method_handler(cast("Any", forward))

    def _forward_stream(self, path: str, method: Method) -> _Handler:
        call = self._edge.channels.channel(method.endpoint.service).stream_stream(path)

        async def forward(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            given = _texts(context)
            async with _refusing(method, context, given):
                metadata, key = self._admit(given, context.peer(), is_public=method.is_public)
                opened = call(timeout=context.time_remaining(), metadata=metadata)
                try:
                    async for reply in _relayed(self._paced(requests, key), opened):
                        yield reply
                finally:
                    opened.cancel()

        return grpc.stream_stream_rpc_method_handler(cast("Any", forward))

    async def _paced(self, requests: AsyncIterator[bytes], key: str) -> AsyncIterator[bytes]:
        """Pass messages on, each counted as a call; what is too fast waits, and its sender with it."""
        async for request in requests:
            while True:
                try:
                    self._edge.rate.take(key)
                    break
                except LimitReached as full:
                    await asyncio.sleep(full.retry_after_seconds)
            yield request

    def _seconds(self, context: Any) -> float:
        """Return how long a backend may take: our limit, or what the partner's own leaves."""
        remaining = context.time_remaining()
        limit = self._edge.config.deadline_seconds
        return limit if remaining is None else min(limit, remaining)

    def _admit(self, given: dict[str, str], peer: str, *, is_public: bool) -> tuple[list[tuple[str, str]], str]:
        """Return the metadata to pass on, and under whom the call is counted; raises NotSignedIn or LimitReached."""
        caller: Caller | None = None
        token = given.get("authorization", "")
        try:
            if not is_public:
                if not token.startswith("Bearer "):
                    raise NotSignedIn("TOKEN_MISSING", "sign in first: this call needs a token")
                caller = self._edge.verifier.verify(token.removeprefix("Bearer "))
        finally:
            key = f"{caller.institution_id}/{caller.subject_id}" if caller else f"@{_address(peer)}"
            self._edge.rate.take(key)
        passed = [(name, given[name]) for name in _PASSED_ON if name in given]
        passed.append(("traceparent", telemetry.traceparent()))
        return ([*passed, ("authorization", token)] if caller else passed), key


async def _relayed(requests: AsyncIterator[bytes], opened: Any) -> AsyncIterator[bytes]:
    """Hand each message on when the last was answered, until either side ends; raises what the backend ended with.

    A message that is written into a call that is over would turn the backend's status into an internal error.
    """
    over = asyncio.Event()
    opened.add_done_callback(lambda _: over.set())
    # The backend has let the stream in, or it is over.
    await opened.initial_metadata()
    ended = asyncio.ensure_future(over.wait())
    try:
        while not opened.done():
            coming = asyncio.ensure_future(anext(requests, None))
            await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                break
            request = coming.result()
            if request is None:
                await opened.done_writing()
                break
            await opened.write(request)
            reply = await opened.read()
            if reply is grpc.aio.EOF:
                break
            yield reply
    finally:
        ended.cancel()
    await opened.read()


class _Everything(grpc.GenericRpcHandler):
    def __init__(self, find: Callable[[str], _Handler | None]) -> None:
        self._find = find

    def service(self, handler_call_details: Any) -> _Handler | None:
        return self._find(handler_call_details.method)


class _Health(health_pb2_grpc.HealthServicer):
    async def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - named by the health protocol
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


@asynccontextmanager
async def _refusing(method: Method, context: Any, given: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a block as a call: observed, and ended with its refusal or its backend's."""
    begun, outcome = time.perf_counter(), "OK"
    try:
        with telemetry.span(method.endpoint.action, parent=given.get("traceparent", ""), kind=SpanKind.SERVER):
            try:
                yield
            except DomainError as error:
                outcome = error.code
                await _abort(context, status.to_status(error, telemetry.trace_id()))
            except grpc.aio.AioRpcError as error:
                outcome = error.code().name
                await _abort(context, _refusal(error))
    finally:
        telemetry.child(telemetry.RPC_SECONDS, f"partner {method.endpoint.action}", outcome).observe(
            time.perf_counter() - begun
        )


def _texts(context: Any) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


async def _abort(context: Any, refusal: Any) -> None:
    """End a call; gRPC raises its own exception."""
    abort = cast("Callable[..., Awaitable[None]]", context.abort)
    await abort(refusal.code, refusal.details, tuple(refusal.trailing_metadata or ()))


def _refusal(error: grpc.aio.AioRpcError) -> Any:
    """Return a backend's own refusal, or a fixed one for a text that was never meant to be read."""
    trailing = tuple(error.trailing_metadata() or ())
    if error.code() in _BROKEN and not any(key == "grpc-status-details-bin" for key, _ in trailing):
        return status.internal(telemetry.trace_id())
    return SimpleNamespace(code=error.code(), details=error.details() or "", trailing_metadata=trailing)


def _address(peer: str) -> str:
    """Return the host of `ipv4:10.0.0.1:5000`: a rate must not start afresh with every connection."""
    return peer.rpartition(":")[0]


def _credentials(config: Config) -> grpc.ServerCredentials | None:
    """Return TLS with a client certificate required, or None where TLS ends before us (or in development)."""
    files = (config.partner_certificate, config.partner_key, config.partner_clients)
    if not any(files):
        return None
    certificate, key, clients = files
    if not certificate or not key or not clients:
        raise SystemExit("the partner port needs all three: certificate, key and the authority of its clients")
    return grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())], clients.read_bytes(), require_client_auth=True
    )
