"""Calls from one service to another: only from rpc/, before the transaction, with the caller's own token.

Deadlines are passed on shortened, queries are retried within a budget, calls are spread over healthy replicas.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from shared import telemetry
from shared.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, Refused, Unavailable
from shared.rpc import Call
from shared.settings import settings

R = TypeVar("R")
_SHAVE_SECONDS = 0.02
SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
)


def address_of(service: str, addresses: str = "") -> str:
    """Return where a service answers, from `lead=host:port,*=host:port`."""
    pairs = dict(part.split("=", 1) for part in (addresses or settings().grpc_addresses).split(",") if part)
    address = pairs.get(service) or pairs.get("*")
    if address is None:
        raise SystemExit(f"LIANXIAO_GRPC_ADDRESSES names no address for {service}")
    return address


@lru_cache(maxsize=64)
def _channel(address: str) -> grpc.Channel:
    return grpc.insecure_channel(address, options=[("grpc.service_config", SERVICE_CONFIG)])


@lru_cache(maxsize=64)
def _stub(stub_class: Callable[[grpc.Channel], R], address: str) -> R:
    return stub_class(_channel(address))


def stub(stub_class: Callable[[grpc.Channel], R], service: str) -> R:
    """Return the generated stub of another service, made once for each address."""
    made: R = _stub(stub_class, address_of(service))
    return made


def ask(method: Any, request: Any, call: Call) -> Any:
    """Call another service as the same caller; its refusals come back as the same domain errors."""
    metadata = [("authorization", call.token), ("traceparent", telemetry.traceparent())]
    try:
        return method(request, timeout=max(0.001, call.timeout_ms() / 1000 - _SHAVE_SECONDS), metadata=metadata)
    except grpc.RpcError as error:
        raise _domain_error(error) from error


def _domain_error(error: Any) -> DomainError:
    code = error.code().name
    reason, info = code, {}
    rich = rpc_status.from_call(error)
    for detail in rich.details if rich else ():
        entry = error_details_pb2.ErrorInfo()
        if detail.Unpack(entry):
            reason, info = entry.reason, dict(entry.metadata)
    info.pop("trace_id", None)
    if code in {"UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"}:
        return Unavailable("SERVICE_UNAVAILABLE", "a part of the system does not answer; try again shortly")
    if code == "NOT_FOUND":
        return NotFound(reason.removesuffix("_NOT_FOUND").lower(), info.get("key", ""))
    if code == "INVALID_ARGUMENT":
        wrong = InvalidInput(info.get("field", ""), error.details() or "")
        return wrong if code == reason else InvalidInput(info.pop("field", ""), error.details() or "", reason, **info)
    kinds: dict[str, type[DomainError]] = {"PERMISSION_DENIED": NotAllowed, "ABORTED": Conflict}
    return kinds.get(code, Refused)(reason, error.details() or "", **info)
