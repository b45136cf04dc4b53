"""The one interceptor that stands before every RPC.

Trace, deadline, identity, permission, validation, then the method; errors become statuses with details, replies are
masked for callers without `pii.read`. A server with an RPC that declares no permission does not start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

import grpc
import protovalidate
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from shared import status, telemetry
from shared.caller import CHAIN, NOBODY, Caller, Scope
from shared.endpoints import PUBLIC, SIGNED_IN, Endpoint
from shared.errors import DomainError, InvalidInput, NotAllowed, NotSignedIn, Unavailable
from shared.masking import mask
from shared.rpc import Call

log = logging.getLogger(__name__)

_DEFAULT_SECONDS = 15.0
_SHAVE_SECONDS = 0.02
_LEAST_SECONDS = 0.01
_ANYBODY = Caller(NOBODY, NOBODY, "anonymous")
_UNREADABLE: Any = object()


class Identity(Protocol):
    """Tells who a bearer token belongs to; raises NotSignedIn."""

    def __call__(self, token: str, service: str) -> Caller: ...


class Boundary(grpc.ServerInterceptor):
    """Wraps each handler once, at its first call."""

    def __init__(self, known: Mapping[str, Endpoint], identify: Identity) -> None:
        self._known = known
        self._identify = identify
        self._validator = protovalidate.Validator()
        self._handlers: dict[str, Any] = {}

    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Return the guarded handler of a method; health checks pass untouched."""
        method = handler_call_details.method
        handler = self._handlers.get(method)
        if handler is None:
            inner = continuation(handler_call_details)
            endpoint = self._known.get(method)
            if inner is None or endpoint is None:
                return inner if method.startswith("/grpc.health.") else None
            handler = self._guard(endpoint, inner)
            self._handlers[method] = handler
        return handler

    def _guard(self, endpoint: Endpoint, inner: Any) -> Any:
        behaviour: Callable[[Message, Call], Message] = inner.unary_unary
        clocks: dict[str, Histogram] = {}
        public = endpoint.permission == PUBLIC

        def serve(request: Message, context: grpc.ServicerContext) -> Message:
            begun = time.perf_counter()
            code = "OK"
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            with telemetry.span(endpoint.action, parent=metadata.get("traceparent", ""), kind=SpanKind.SERVER):
                try:
                    call = self._admit(endpoint, request, metadata, context)
                    reply = behaviour(request, call)
                    # What a public call answers is meant for whoever asked: tokens, mostly.
                    return reply if public else mask(reply, allowed=call.caller.allows("pii.read"))
                except DomainError as error:
                    code = error.code
                    context.abort_with_status(status.to_status(error, telemetry.trace_id()))
                except Exception:
                    code = "INTERNAL"
                    log.exception("unexpected error", extra={"facts": {"method": endpoint.action}})
                    context.abort_with_status(status.internal(telemetry.trace_id()))
                finally:
                    clock = clocks.get(code) or clocks.setdefault(
                        code, telemetry.RPC_SECONDS.labels(endpoint.action, code)
                    )
                    clock.observe(time.perf_counter() - begun)

        return grpc.unary_unary_rpc_method_handler(
            serve, _reader(inner.request_deserializer), inner.response_serializer
        )

    def _admit(
        self, endpoint: Endpoint, request: Message, metadata: Mapping[str, str], context: grpc.ServicerContext
    ) -> Call:
        remaining: float | None = context.time_remaining()
        seconds = _DEFAULT_SECONDS if remaining is None else min(remaining - _SHAVE_SECONDS, _DEFAULT_SECONDS)
        if seconds < _LEAST_SECONDS:
            raise Unavailable("NO_TIME_LEFT", "the deadline leaves no time for this call")
        token = metadata.get("authorization", "")
        caller, scope = self._authorise(endpoint, token)
        if request is _UNREADABLE:
            raise InvalidInput("", "these bytes are no message of this call", "MALFORMED_MESSAGE")
        violations = self._validator.collect_violations(request)
        if violations:
            raise InvalidInput.of([(_field(v), v.proto.message or v.proto.rule_id) for v in violations])
        return Call(endpoint, caller, scope, time.monotonic() + seconds, token, metadata.get("x-client-address", ""))

    def _authorise(self, endpoint: Endpoint, token: str) -> tuple[Caller, Scope]:
        if endpoint.permission == PUBLIC:
            return _ANYBODY, CHAIN
        if not token.startswith("Bearer "):
            raise NotSignedIn("TOKEN_MISSING", "sign in first: this call needs a bearer token")
        caller = self._identify(token[7:], endpoint.service)
        if endpoint.permission == SIGNED_IN:
            return caller, CHAIN
        scope = caller.scope(endpoint.permission)
        if scope is None:
            raise NotAllowed("PERMISSION_MISSING", "your roles do not allow this", permission=endpoint.permission)
        return caller, scope


def _reader(parse: Callable[[bytes], Message]) -> Callable[[bytes], Message]:
    """Return a parser that never fails: grpc's own answer to unreadable bytes would be INTERNAL, without a reason."""

    def read(data: bytes) -> Message:
        try:
            return parse(data)
        except DecodeError:
            return cast("Message", _UNREADABLE)

    return read


def _field(violation: Any) -> str:
    names = []
    for element in violation.proto.field.elements if violation.proto.field else ():
        subscript = getattr(element.subscript, "value", None) if element.subscript else None
        names.append(element.field_name + (f"[{subscript}]" if subscript is not None else ""))
    return ".".join(names)
