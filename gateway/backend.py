"""One call to a service on behalf of an HTTP request: deadline, token, trace and language go with it."""

from __future__ import annotations

from typing import Any

from gateway.auth import token_of
from gateway.catalogue import Method
from gateway.channels import Channels
from gateway.exchange import Exchange
from shared import telemetry


class Backend:
    """Calls services for requests."""

    def __init__(self, channels: Channels, deadline_seconds: float) -> None:
        self._channels = channels
        self._deadline = deadline_seconds

    async def ask(self, method: Method, request: Any, exchange: Exchange) -> Any:
        """Return the response message; raises grpc.aio.AioRpcError."""
        metadata = [("accept-language", exchange.language), ("traceparent", telemetry.traceparent())]
        metadata.append(("x-request-id", exchange.request_id or telemetry.trace_id()))
        if method.is_public:
            # Whoever counts what strangers send has to tell them apart.
            metadata.append(("x-client-address", exchange.address))
        if exchange.caller is not None:
            metadata.append(("authorization", f"Bearer {token_of(exchange)}"))
        return await self._channels.call(method)(request, timeout=self._deadline, metadata=metadata)
