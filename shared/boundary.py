"""The one interceptor that stands before every RPC.

Trace, deadline, identity, permission, validation, then the method; errors become statuses with details, replies are
masked: all that is personal for callers without `pii.read`, phones and the like for everybody (`shared.reveals`).
A server with an RPC that declares no permission does not start.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

import grpc
import protovalidate
from google.protobuf.message import DecodeError, Message
from opentelemetry.trace import SpanKind

from shared import status, telemetry
from shared.caller import CHAIN, NOBODY, Caller, Scope
from shared.endpoints import PUBLIC, SIGNED_IN, Endpoint
from shared.errors import DomainError, InvalidInput, NotAllowed, NotSignedIn, Unavailable
from shared.masking import View, mask
from shared.rpc import Call
from shared.streams import Streams

log = logging.getLogger(__name__)

_DEFAULT_SECONDS = 15.0
_SHAVE_SECONDS = 0.02
_LEAST_SECONDS = 0.01
_ANYBODY = Caller(NOBODY, NOBODY, "anonymous")
_UNREADABLE: Any = object()


Behaviour = Callable[[Message, Call], Message]


@dataclass(slots=True)
class _Outcome:
    code: str = "OK"


class Identity(Protocol):
    """Tells who a bearer token belongs to; raises NotSignedIn."""

    def __call__(self, token: str, service: str) -> Caller: ...


class Boundary(grpc.ServerInterceptor):
    """Wraps each handler once, at its first call."""

    def __init__(self, known: Mapping[str, Endpoint], identify: Identity, streams: Streams) -> None:
        self._known = known
        self._streams = streams
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
        reader = _reader(inner.request_deserializer)
        if endpoint.acknowledgement is not None:
            answered = self._stream(endpoint, inner.stream_stream)
            return grpc.stream_stream_rpc_method_handler(answered, reader, inner.response_serializer)
        behaviour: Behaviour = inner.unary_unary

        def serve(request: Message, context: grpc.ServicerContext) -> Message:
            metadata = _texts(context)
            with self._observed(endpoint, metadata) as outcome:
                try:
                    return self._answer(endpoint, behaviour, request, metadata, context)
                except DomainError as error:
                    outcome.code = error.code
                    context.abort_with_status(status.to_status(error, telemetry.trace_id()))
                except Exception:
                    outcome.code = "INTERNAL"
                    log.exception("unexpected error", extra={"facts": {"method": endpoint.action}})
                    context.abort_with_status(status.internal(telemetry.trace_id()))

        return grpc.unary_unary_rpc_method_handler(serve, reader, inner.response_serializer)

    def _stream(self, endpoint: Endpoint, behaviour: Behaviour) -> Callable[[Any, Any], Iterator[Message]]:
        """Return a method that answers message after message; gRPC asks for the next when the last was sent.

        A refusal is an answer like another. What leaves the outcome open ends the stream: the sender comes back with
        the messages that have no answer yet. Every message is admitted anew, so an ended session ends the stream.
        """

        def acknowledge(request: Any, metadata: Mapping[str, str], context: grpc.ServicerContext) -> Any:
            with self._observed(endpoint, metadata) as outcome:
                request_id = "" if request is _UNREADABLE else request.request_id
                reply: Any
                try:
                    reply = self._answer(endpoint, behaviour, request, metadata, context)
                except DomainError as error:
                    outcome.code = error.code
                    if isinstance(error, NotSignedIn | Unavailable):
                        context.abort_with_status(status.to_status(error, telemetry.trace_id()))
                    reply = endpoint.acknowledgement(refusal=status.to_message(error, telemetry.trace_id()))
                except Exception:
                    outcome.code = "INTERNAL"
                    log.exception("unexpected error", extra={"facts": {"method": endpoint.action}})
                    context.abort_with_status(status.internal(telemetry.trace_id()))
                reply.request_id = request_id
                return reply

        def serve(requests: Iterator[Message], context: grpc.ServicerContext) -> Iterator[Message]:
            metadata = _texts(context)
            try:
                caller, _ = self._authorise(endpoint, metadata.get("authorization", ""))
                key = (endpoint.path, caller.institution_id, caller.subject_id)
                with self._streams.open(key, context) as stream:
                    # Whoever waits for it learns that the stream is let in.
                    context.send_initial_metadata(())
                    for request in requests:
                        stream.touch()
                        yield acknowledge(request, metadata, context)
                        stream.touch()
            except DomainError as error:
                context.abort_with_status(status.to_status(error, telemetry.trace_id()))

        return serve

    @contextmanager
    def _observed(self, endpoint: Endpoint, metadata: Mapping[str, str]) -> Iterator[_Outcome]:
        begun, outcome = time.perf_counter(), _Outcome()
        try:
            with telemetry.span(endpoint.action, parent=metadata.get("traceparent", ""), kind=SpanKind.SERVER):
                yield outcome
        finally:
            took = time.perf_counter() - begun
            telemetry.child(telemetry.RPC_SECONDS, endpoint.action, outcome.code).observe(took)

    def _answer(
        self,
        endpoint: Endpoint,
        behaviour: Behaviour,
        request: Message,
        metadata: Mapping[str, str],
        context: grpc.ServicerContext,
    ) -> Message:
        call = self._admit(endpoint, request, metadata, context)
        reply = behaviour(request, call)
        # What a public call answers is meant for whoever asked: tokens, mostly.
        return reply if endpoint.permission == PUBLIC else mask(reply, _view(endpoint, call.caller))

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


def _view(endpoint: Endpoint, caller: Caller) -> View:
    if endpoint.reveals:
        return View.CLEAR
    return View.PERMITTED if caller.allows("pii.read") else View.MASKED


def _texts(context: grpc.ServicerContext) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}


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
