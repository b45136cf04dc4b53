"""Domain error -> gRPC status with google.rpc details; database error -> domain error. One table each."""

from __future__ import annotations

from itertools import accumulate

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from psycopg2 import errorcodes
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import Conflict, DomainError, InvalidInput, LimitReached, Unavailable

DOMAIN = "lianxiao"
CODES = {
    "INVALID_ARGUMENT": code_pb2.INVALID_ARGUMENT,
    "UNAUTHENTICATED": code_pb2.UNAUTHENTICATED,
    "PERMISSION_DENIED": code_pb2.PERMISSION_DENIED,
    "NOT_FOUND": code_pb2.NOT_FOUND,
    "ALREADY_EXISTS": code_pb2.ALREADY_EXISTS,
    "FAILED_PRECONDITION": code_pb2.FAILED_PRECONDITION,
    "ABORTED": code_pb2.ABORTED,
    "RESOURCE_EXHAUSTED": code_pb2.RESOURCE_EXHAUSTED,
    "UNAVAILABLE": code_pb2.UNAVAILABLE,
    "INTERNAL": code_pb2.INTERNAL,
}
# gRPC drops metadata beyond 8 KiB by chance; the status travels twice as long, in base 64, beside the message.
_MOST_BYTES = 3000
_EACH = 8
_AGAIN = {errorcodes.DEADLOCK_DETECTED, errorcodes.SERIALIZATION_FAILURE}
_BUSY = {errorcodes.LOCK_NOT_AVAILABLE}
_SLOW = {errorcodes.QUERY_CANCELED}
_AWAY = ("08", "57P", "53")


def to_status(error: DomainError, trace_id: str) -> grpc.Status:
    """Return what ends a call with an error."""
    return rpc_status.to_status(to_message(error, trace_id))


def to_message(error: DomainError, trace_id: str) -> status_pb2.Status:
    """Return the status of an error: code, message, ErrorInfo, and field violations or a retry delay."""
    info = dict(error.info) | ({"trace_id": trace_id} if trace_id else {})
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=info)]
    if isinstance(error, InvalidInput):
        violation = error_details_pb2.BadRequest.FieldViolation
        fields = [violation(field=field, description=text) for field, text in _first(error.violations)]
        details.append(error_details_pb2.BadRequest(field_violations=fields))
    if isinstance(error, LimitReached | Unavailable):
        delay = duration_pb2.Duration(seconds=error.retry_after_seconds)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(code=CODES[error.code], message=error.message, details=[_pack(d) for d in details])


def _first(violations: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return as many violations as a status may carry, which travels as metadata; one at least."""
    sizes = accumulate(len(field.encode()) + len(text.encode()) + _EACH for field, text in violations)
    return violations[: max(1, sum(size <= _MOST_BYTES for size in sizes))]


def internal(trace_id: str) -> grpc.Status:
    """Return the status of a bug: a fixed text, because the exception's own may tell SQL or personal data."""
    return to_status(DomainError("INTERNAL", "something went wrong on our side"), trace_id)


def _pack(detail: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def is_worth_repeating(error: DBAPIError) -> bool:
    """Say whether the same transaction may succeed when run again at once: deadlock or serialization failure."""
    return getattr(error.orig, "pgcode", None) in _AGAIN


def from_database(error: DBAPIError | PoolTimeout) -> DomainError | None:
    """Return what a database error means to the caller, or None when it is a bug of ours."""
    code = getattr(getattr(error, "orig", None), "pgcode", None) or ""
    if code in _AGAIN | _BUSY:
        return Conflict("ROW_BUSY", "others are changing the same rows; try again")
    if code in _SLOW:
        return Unavailable("DATABASE_TIMEOUT", "the database did not answer in time; try again shortly")
    lost = isinstance(error, PoolTimeout) or getattr(error, "connection_invalidated", False) or code.startswith(_AWAY)
    if lost or (isinstance(error, DBAPIError) and not code and _is_connection_loss(error)):
        return Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again shortly")
    return None


def _is_connection_loss(error: DBAPIError) -> bool:
    return type(error.orig).__name__ in {"OperationalError", "InterfaceError"}
