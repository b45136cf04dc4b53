"""Connections to the services: spread over healthy replicas, queries retried within a budget."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import grpc.aio

from gateway.catalogue import Catalogue, Method

_ATTEMPTS = 3
_READY_SECONDS = 1.0
_BUDGET = {"maxTokens": 10, "tokenRatio": 0.1}
_RETRY = {
    "maxAttempts": _ATTEMPTS,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}

Invoke = Callable[..., Any]


def addresses(setting: str) -> dict[str, str]:
    """Read `lead=host:port,host:port,*=host:port` into a gRPC target by service; `*` stands for all others."""
    found: dict[str, list[str]] = {}
    service = ""
    for part in filter(None, (piece.strip() for piece in setting.split(","))):
        name, equals, address = part.partition("=")
        service = name if equals else service
        if not service:
            raise SystemExit("LIANXIAO_GRPC_ADDRESSES does not begin with a service: use lead=host:port or *=host:port")
        found.setdefault(service, []).append(address if equals else part)
    return {name: _target(many) for name, many in found.items()}


def _target(many: list[str]) -> str:
    return many[0] if len(many) == 1 else "ipv4:" + ",".join(many)


def service_config(methods: Iterable[Method]) -> str:
    """Return the gRPC service config: only methods without side effects are ever sent twice."""
    queries = [method for method in methods if method.endpoint.is_query]
    names = [
        {"service": str(method.descriptor.containing_service.full_name), "method": method.endpoint.name}
        for method in queries
    ]
    return json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "healthCheckConfig": {"serviceName": ""},
            "methodConfig": [{"name": names, "retryPolicy": _RETRY}] if names else [],
            "retryThrottling": _BUDGET,
        }
    )


class Channels:
    """One channel per address. Made inside the running event loop, closed with it."""

    def __init__(self, setting: str, catalogue: Catalogue) -> None:
        self._targets = addresses(setting)
        options = [
            ("grpc.service_config", service_config(catalogue.methods.values())),
            ("grpc.max_receive_message_length", 16 * 1024 * 1024),
            ("grpc.max_send_message_length", 4 * 1024 * 1024),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 20_000),
        ]
        self._channels = {
            target: grpc.aio.insecure_channel(target, options=options) for target in set(self._targets.values())
        }
        self._calls: dict[str, Invoke] = {}

    def call(self, method: Method) -> Invoke:
        """Return the callable of an RPC: message in, message out."""
        path = method.endpoint.path
        known = self._calls.get(path)
        if known is None:
            known = self._calls[path] = self.channel(method.endpoint.service).unary_unary(
                path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
        return known

    def channel(self, service: str) -> Any:
        """Return the channel to a service."""
        target = self._targets.get(service) or self._targets.get("*")
        if target is None:
            raise SystemExit(f"LIANXIAO_GRPC_ADDRESSES names no address for {service}")
        return self._channels[target]

    async def ready(self) -> dict[str, bool]:
        """Say for each address whether a healthy backend answers within a second."""
        answers = await asyncio.gather(*(_is_ready(channel) for channel in self._channels.values()))
        names = {
            target: ",".join(sorted(s for s, t in self._targets.items() if t == target)) for target in self._channels
        }
        return {names[target]: answer for target, answer in zip(self._channels, answers, strict=True)}

    async def close(self) -> None:
        """Close every channel; calls under way are cancelled."""
        for channel in self._channels.values():
            await channel.close(grace=1.0)


async def _is_ready(channel: Any) -> bool:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            state = channel.get_state(try_to_connect=True)
            while state != grpc.ChannelConnectivity.READY:
                await channel.wait_for_state_change(state)
                state = channel.get_state(try_to_connect=True)
    except TimeoutError:
        return False
    return True
