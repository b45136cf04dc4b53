"""A small real gRPC server that speaks the sample contract, and refuses in every way there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from shared import status
from shared.errors import (
    AlreadyExists,
    Conflict,
    DomainError,
    InvalidInput,
    LimitReached,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    Unavailable,
)
from tests.gateway import sample

pb = sample.module("note_service")
SERVICE = "lianxiao.sample.v1.NoteService"
ID = "01939b7e-7f6c-7000-8000-00000000000a"
REFUSALS: dict[str, DomainError] = {
    "INVALID_ARGUMENT": InvalidInput.of([("note.price_fen", "must not be negative"), ("note.tags[1]", "is too long")]),
    "UNAUTHENTICATED": NotSignedIn("TOKEN_REVOKED", "this session was ended; sign in again"),
    "PERMISSION_DENIED": NotAllowed("PERMISSION_MISSING", "your roles do not allow this", permission="note.read"),
    "NOT_FOUND": NotFound("note", UUID(ID)),
    "ALREADY_EXISTS": AlreadyExists("NOTE_TITLE_TAKEN", "there is one already", note_id=ID),
    "FAILED_PRECONDITION": Refused("NOTE_ARCHIVED", "the note is put away"),
    "ABORTED": Conflict("ROW_BUSY", "others are changing the same rows"),
    "RESOURCE_EXHAUSTED": LimitReached("QUOTA_USED", "that was enough for today", retry_after_seconds=30),
    "UNAVAILABLE": Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached", retry_after_seconds=7),
    "INTERNAL": DomainError("INTERNAL", "something went wrong on our side"),
}


class Backend:
    """Answers by method name with the functions in `replies`; keeps what it was asked, with the metadata."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, dict[str, str], float]] = []
        self.replies: dict[str, Callable[[Any, Any], Any]] = {}
        self.health = health.HealthServicer()
        self.port = 0
        self.validator: Any = None

    def stream(self, name: str, request_type: Any, response_type: Any) -> grpc.RpcMethodHandler[Any, Any]:
        """Answer each message of a stream with its request id."""

        def serve(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            if name in self.replies:
                self.replies[name](None, context)
            context.send_initial_metadata(())
            for request in requests:
                self.asked.append((name, request, metadata, context.time_remaining()))
                yield response_type(request_id=request.request_id)

        return grpc.stream_stream_rpc_method_handler(serve, request_type.FromString, response_type.SerializeToString)

    def handler(self, name: str, request_type: Any, response_type: Any) -> grpc.RpcMethodHandler[Any, Any]:
        def serve(request: Any, context: grpc.ServicerContext) -> Any:
            metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
            self.asked.append((name, request, metadata, context.time_remaining()))
            try:
                if self.validator:
                    _check(self.validator.collect_violations(request))
                reply = self.replies.get(name)
                return reply(request, context) if reply else response_type()
            except DomainError as error:
                context.abort_with_status(status.to_status(error, "0" * 32))

        return grpc.unary_unary_rpc_method_handler(serve, request_type.FromString, response_type.SerializeToString)

    @property
    def last(self) -> Any:
        """The last request."""
        return self.asked[-1][1]


def _check(violations: Any) -> None:
    if violations:
        raise InvalidInput.of([("field", violation.proto.message) for violation in violations])


def refusing(error: DomainError) -> Callable[[Any, Any], Any]:
    """Return a reply that is this refusal."""

    def reply(_request: Any, _context: Any) -> Any:
        raise error

    return reply


@contextmanager
def serving(*services: Any, port: int = 0) -> Iterator[Backend]:
    """Run a server for descriptors of services on a free port of localhost."""
    backend = Backend()
    server = grpc.server(futures.ThreadPoolExecutor(8))
    for service in services:
        handlers = {
            method.name: (backend.stream if method.client_streaming else backend.handler)(
                method.name, GetMessageClass(method.input_type), GetMessageClass(method.output_type)
            )
            for method in service.methods
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
    health_pb2_grpc.add_HealthServicer_to_server(backend.health, server)
    backend.health.set("", health_pb2.HealthCheckResponse.SERVING)
    backend.port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield backend
    finally:
        server.stop(None).wait()
